"""
GitHub's data model, its decisions and its refusals, as pure functions of their arguments.

Nothing here depends on the store, on HTTP or on a test. Only the standard
library is imported.
"""
