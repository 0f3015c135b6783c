"""A filter of rendered manifests that brings local Crossplane packages along."""

__version__ = "0.1.0"
