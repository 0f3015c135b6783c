"""The declaration of the user: the DevCache document, and values files of our chart."""
