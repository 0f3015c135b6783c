"""Values of the upstream chart that contain the packages, for use without a post-renderer."""
