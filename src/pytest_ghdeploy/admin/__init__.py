"""
The admin interface of a served fake: the Python interface over HTTP, below ``/_ghdeploy``.

Its endpoints are derived from the Python methods; none has rules of its own.
"""
