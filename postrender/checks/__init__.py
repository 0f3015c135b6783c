"""The checks of `check`, besides the refusals of the filter: dependencies, names, images, sizes."""
