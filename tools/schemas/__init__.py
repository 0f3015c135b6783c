"""Generates postrender/schemas/objects.json from the schemas of Crossplane and Kubernetes."""
