"""
GitHub's decisions as pure functions, one module per page of its documentation.

A function gets everything it needs as arguments. It returns a value, or raises
a refusal from ``github/refusals.py``. ``Assumptions`` selects a behaviour where
GitHub's is not known for certain.
"""
