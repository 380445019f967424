"""
What GitHub is, decides and refuses: values in, values out.

Nothing here knows of a store, of HTTP or of a test, and nothing beyond the
standard library is imported.
"""
