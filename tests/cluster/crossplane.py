"""Builds the images of real Crossplane releases from their Go modules."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import programs
from tests.cluster.images import Image
from tests.shared.releases import line_of

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
UPBOUND = ("1.14.", "1.18.")
"""The releases whose charts use an image at xpkg.upbound.io."""


def image(version: str) -> Image:
    """Return the image of a release, under the name that its chart uses.

    Args:
        version: The release, such as `2.4.2`; a folder in tools, such as `crossplane-2.4`, must
            build it.
    """
    host = "xpkg.upbound.io" if version.startswith(UPBOUND) else "xpkg.crossplane.io"
    tool = f"crossplane-{line_of(version)}"
    cluster = programs.sources(tool, _module(version)) / "cluster"
    files = {
        "bin/crossplane": programs.build(tool),
        "crds": cluster / "crds",
        "webhookconfigurations": cluster / "webhookconfigurations",
        "etc/ssl/certs/ca-certificates.crt": AUTHORITIES,
    }
    return Image(
        f"{host}/crossplane/crossplane:v{version}",
        files,
        entrypoint=["/bin/crossplane"],
        user="65532",
    )


def _module(version: str) -> str:
    """Return the path of the Go module of a release."""
    major = version.partition(".")[0]
    return "github.com/crossplane/crossplane" + ("" if major == "1" else f"/v{major}")
