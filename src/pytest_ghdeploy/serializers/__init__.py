"""
Rows of the store as GitHub's JSON, one module per kind of object.

These are pure functions that get everything they need as arguments. Fields are
in GitHub's order. URLs come from ``Urls``, which knows the host of the request.
"""
