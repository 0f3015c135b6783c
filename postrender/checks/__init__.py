"""The checks of `check`, beside refusals of the filter: dependencies, objects, images, sizes."""
