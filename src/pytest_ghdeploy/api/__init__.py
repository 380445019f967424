"""
GitHub's endpoints, one module for each page of its REST documentation.

Every module in this folder is loaded. An endpoint has an operation, which the
Python interface calls too, and a handler, which turns a ``Call`` into a
``Reply``. Routing, authentication and HTTP headers are in ``http/``.
"""
