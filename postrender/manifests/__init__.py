"""YAML text: a stream of documents, nodes with their place, edits, and new text."""
