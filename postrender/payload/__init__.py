"""The payload of a release: packed packages in ConfigMaps, their index, and the copier."""
