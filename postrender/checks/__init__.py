"""What `check` finds beside the refusals of the filter: dependencies, names, images, sizes."""
