"""The registry of the run: what publishers push to it, and what it was asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cluster.state import PODS
from tests.shared.programs import output

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.cluster import Cluster
    from tests.cluster.images import Image
    from tests.e2e.shelf import Shelf

# The publisher, on this machine, has another address than the pods.
REQUEST = re.compile(
    re.escape(PODS.removesuffix("0.0/16"))
    + r'.*"(?P<verb>\w+) /v2/(?P<repository>.+)/(?P<what>(manifests|blobs|tags)/\S+) '
)
"""A line of the registry's log in Apache's format."""


@dataclass(frozen=True)
class Registry:
    """A registry that the pods of the cluster reach."""

    cluster: Cluster
    shelf: Shelf

    def publish(
        self, package: Path, repository: str, tag: str, runtime: Image | None = None
    ) -> None:
        """Build a package directory and push it, as its publisher does.

        Args:
            package: The directory.
            repository: Such as `acme/storage`.
            tag: Such as `v0.1.0`.
            runtime: An image to embed, for a Provider or Function.
        """
        name = f"{repository}-{tag}".replace("/", "-")
        xpkg = self.shelf.built(name, package, runtime)
        reference = f"{self.at}/{repository}:{tag}"
        output("CROSSPLANE_CLI", "xpkg", "push", f"--package-files={xpkg}", reference)

    @property
    def at(self) -> str:
        """Its address, with which references to its packages begin."""
        return self.cluster.registry

    def asked(self, repository: str) -> list[str]:
        """Return what pods asked for in a repository so far, such as `GET manifests/v0.1.0`."""
        return [
            f"{found['verb']} {found['what']}"
            for line in self.cluster.log("docker-registry").splitlines()
            if (found := REQUEST.match(line)) and found["repository"] == repository
        ]
