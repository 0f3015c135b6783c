"""The steps of `up` and `down`: from packages on disk to a cluster, and out of it again."""
