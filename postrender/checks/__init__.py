"""The checks of `check` besides those of the filter: dependencies, names, images and sizes."""
