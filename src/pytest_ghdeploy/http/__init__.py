"""
Turning requests into responses: authentication, routing, validation, rendering and headers.

Nothing here depends on how a request arrived, or on the test that sent it.
"""
