"""Edits of a YAML file that the user wrote, at places that ruamel.yaml knows."""
