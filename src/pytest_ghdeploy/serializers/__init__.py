"""
Rows of the store as GitHub's JSON, one module per kind of thing.

These are pure functions: whatever an object needs besides its row is passed
in. URLs come from ``Urls``, so that an answer can name the host it was sent to.
"""
