"""What is changed in a release: the Deployment, and the objects added."""
