"""
How clients in other processes and languages get in: a live server on a loopback port, and WSGI.

Nothing about GitHub is decided here.
"""
