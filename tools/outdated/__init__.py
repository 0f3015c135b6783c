"""`make outdated`: which pins of this project have newer versions at their registries."""
