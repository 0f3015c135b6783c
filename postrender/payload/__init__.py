"""What the release carries: packed packages in ConfigMaps, their index, and the copier."""
