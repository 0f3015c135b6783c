"""Lists the pins of this project with newer versions in their registries: `make outdated`."""
