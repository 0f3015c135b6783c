"""The filter as a KRM function, for kustomize, kpt and others that pass a ResourceList."""
