"""
Clients in other processes and languages: a live server on a loopback port, and WSGI.

Nothing here decides what GitHub would do.
"""
