"""A filter that adds local Crossplane packages to rendered manifests."""

__version__ = "0.1.0"
