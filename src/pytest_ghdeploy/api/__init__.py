"""
GitHub's endpoints, one module for each page of its REST documentation, found by being here.

An endpoint is an operation and a handler from ``Call`` to ``Reply``; routing,
authentication and HTTP headers are not its business.
"""
