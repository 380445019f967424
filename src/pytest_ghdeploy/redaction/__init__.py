"""
Redaction: what is secret, and how it is hidden where something is shown.

What is stored and delivered stays whole. Nothing here knows requests, events or reports.
"""
