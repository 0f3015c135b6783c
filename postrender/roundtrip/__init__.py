"""Edits YAML files of the user at the places that ruamel.yaml reports."""
