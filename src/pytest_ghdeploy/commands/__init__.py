"""
The command ``ghdeploy``: what a developer runs in a shell.

Nothing here is imported in a test run.
"""
