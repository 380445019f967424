"""
Running a JavaScript action as GitHub's runner does: its metadata, its inputs, a job's environment, its commands.

Only ``runner.py`` starts programs.
"""
