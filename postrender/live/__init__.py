"""Live mode: what brings a saved package into a release that runs, without Helm.

Only the commands push, unload, watch and status import this room, and with it the extra `live`.
"""
