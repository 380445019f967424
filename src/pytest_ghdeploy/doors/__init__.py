"""
How a client gets in: one module for each client library that is let in.

A door turns a library's request into one for the fake, and the fake's answer
into the library's response. Nothing about GitHub is decided here.
"""
