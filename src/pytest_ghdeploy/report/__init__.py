"""
What happened during a test, recorded without secrets and shown in reports and diagrams.

Nothing here decides how a request is answered.
"""
