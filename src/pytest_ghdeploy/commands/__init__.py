"""
The command ``ghdeploy``, which developers run in a shell.

Test runs do not import this folder.
"""
