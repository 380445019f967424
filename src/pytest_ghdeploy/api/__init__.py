"""GitHub's endpoints, one module for each page of its REST documentation, found by being here."""
