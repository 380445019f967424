"""
Clients in this process: one module for each client library.

A door turns a library's request into one for the fake, and the fake's answer
into the library's response. Nothing here decides what GitHub would do.
"""
