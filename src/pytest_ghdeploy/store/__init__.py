"""
The state of a fake: tables, ids, commit graphs, the clock, events, the outbox and the lock.

Nothing here depends on HTTP, on clients or on tests.
"""
