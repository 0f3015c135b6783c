"""Values of the upstream chart that carry the packages, where no post-renderer can run."""
