"""
GitHub's endpoints, one module for each page of its REST documentation.

Every module in this folder is loaded. An endpoint is an operation and a handler
from ``Call`` to ``Reply``, without routing, authentication and HTTP headers.
"""
