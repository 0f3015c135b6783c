"""Pushes packages to the registry of the run, and reads its log of requests."""

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

# Only pods have these addresses. The publisher runs on this machine and has another address.
REQUEST = re.compile(
    re.escape(PODS.removesuffix("0.0/16"))
    + r'.*"(?P<verb>\w+) /v2/(?P<repository>.+)/(?P<path>(manifests|blobs|tags)/\S+) '
)
"""A request of a pod in the registry's log, in Apache's format."""


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
            package: The package directory.
            repository: The repository, such as `acme/storage`.
            tag: The tag, such as `v0.1.0`.
            runtime: The image to embed, for a Provider or Function.
        """
        name = f"{repository}-{tag}".replace("/", "-")
        xpkg = self.shelf.build(name, package, runtime)
        reference = f"{self.address}/{repository}:{tag}"
        output("CROSSPLANE_CLI", "xpkg", "push", f"--package-files={xpkg}", reference)

    @property
    def address(self) -> str:
        """The host and port of the registry, which begin the references to its packages."""
        return self.cluster.registry

    def requests(self, repository: str) -> list[str]:
        """Return the requests of pods to a repository so far, such as `GET manifests/v0.1.0`."""
        return [
            f"{match['verb']} {match['path']}"
            for line in self.cluster.log("docker-registry").splitlines()
            if (match := REQUEST.match(line)) and match["repository"] == repository
        ]
