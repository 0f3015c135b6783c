"""YAML text: streams of documents, nodes with their positions, edits, and new text."""
