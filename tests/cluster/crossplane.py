"""The images of real Crossplane releases, from their Go modules."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import programs
from tests.cluster.images import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
UPBOUND = ("1.14.", "1.18.")
"""Releases whose chart names an image at xpkg.upbound.io."""


def image(version: str) -> Image:
    """Return the image of a release, named as its chart names it.

    Args:
        version: Such as `2.4.0`; there must be a folder `crossplane-<version>` in tools.
    """
    host = "xpkg.upbound.io" if version.startswith(UPBOUND) else "xpkg.crossplane.io"
    cluster = sources(version) / "cluster"
    files = {
        "bin/crossplane": programs.built(f"crossplane-{version}"),
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


def sources(version: str) -> Path:
    """Return the folder of a release's Go module."""
    major = version.partition(".")[0]
    path = "github.com/crossplane/crossplane" + ("" if major == "1" else f"/v{major}")
    return Path(_go("mod", "download", "-json", f"{path}@v{version}")["Dir"])


def _go(*arguments: str) -> dict[str, str]:
    command: Sequence[str] = ["go", *arguments]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    answer: dict[str, str] = json.loads(output)
    return answer
