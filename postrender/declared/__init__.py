"""What the user declares: the DevCache document, checked."""
