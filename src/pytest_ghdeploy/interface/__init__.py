"""
The Python interface: the methods that a test calls on a fake, a repository or a deployment.

A method checks its arguments, then runs the same operation as the HTTP
endpoint. GitHub's decisions are made elsewhere.
"""
