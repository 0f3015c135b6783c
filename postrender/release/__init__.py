"""The changes to a release: the rewritten Deployment, and the added objects."""
