"""What the tests share: packages, releases, a fake cluster, and the programs to run."""
