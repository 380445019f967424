"""
GitHub's decisions as pure functions, one module per page of its documentation.

Everything a decision needs is passed in. The result is a value or a refusal
from ``github/refusals.py``. ``Assumptions`` decides where GitHub's behaviour is
not known for certain.
"""
