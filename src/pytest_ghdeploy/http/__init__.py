"""
From a request to an answer: authentication, routing, validation, rendering and headers.

Nothing here knows how a request came in, or which test sent it.
"""
