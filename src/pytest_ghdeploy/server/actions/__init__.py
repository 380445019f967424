"""
Running a JavaScript action as GitHub's runner does: its metadata, its inputs, a job's environment, its commands.

Everything but ``runner.py`` is about values and starts no program.
"""
