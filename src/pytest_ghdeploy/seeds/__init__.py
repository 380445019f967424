"""
Seed files: setup written in YAML, TOML or JSON.

A seed calls the Python interface and never changes the store itself.
"""
