"""
Everything the fake remembers: tables, ids, commit graphs, time, events and the one lock.

Nothing here knows of HTTP, of clients or of tests.
"""
