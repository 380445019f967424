"""
The admin interface of a served fake: the Python interface over HTTP, below ``/_ghdeploy``.

Each endpoint calls a Python method and adds no rules of its own.
"""
