"""
Seed files: setup that is written down in YAML, TOML or JSON.

A seed calls the Python interface; it knows no way into the store of its own.
"""
