"""
The Python interface: what a test calls on a fake, a repository or a deployment.

A call checks its arguments and then runs the operation that the HTTP endpoint
runs too; no decision of GitHub's is made here.
"""
