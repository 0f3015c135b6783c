"""The dependency graph of a declaration, and its drawings: a tree, Mermaid, Graphviz."""
