"""Tests a Provider of 208 CRDs in one release, last because their removal takes minutes."""

from __future__ import annotations

import json
import lzma
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.packages import ACME, runtime_image
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from tests.e2e.crossplane import Crossplane
    from tests.e2e.kubernetes import Kubernetes
    from tests.shared.programs import Plain

CORPUS = "provider-aws-ec2.package.yaml.xz"
CRDS = 208
"""The number of CRDs of provider-aws-ec2."""

GROUPS = ("aws.upbound.io", "aws.m.upbound.io", "many.example.org")
"""The suffixes of the API groups of provider-aws-ec2 and of its substitute."""


def test_a_provider_of_208_crds_is_healthy(
    crossplane: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    many = {
        "path": str(provider(tmp_path / "many")),
        "package": f"{ACME}/provider-aws-ec2:v2.1.0",
        "runtimeImage": runtime_image("provider-nop"),
    }
    crossplane.ensure({"many": many})
    # Crossplane 2 creates them one by one, and continues when the Provider is healthy.
    until(lambda: missing_crds(kubernetes), f"there are {CRDS} CRDs")


def missing_crds(kubernetes: Kubernetes) -> str | None:
    """Return the number of CRDs of the Provider, or None if all exist."""
    count = sum(name.endswith(GROUPS) for name in kubernetes.names("crds"))
    return None if count == CRDS else f"{count} CRDs"


def provider(folder: Path) -> Path:
    """Write the package directory of a Provider with many CRDs, and return it.

    It is provider-aws-ec2 if its package.yaml is available, and a substitute otherwise.
    """
    folder.mkdir()
    archive = Path(os.environ.get("CORPUS", "nowhere")) / CORPUS
    if archive.exists():
        text = lzma.decompress(archive.read_bytes()).decode()
    else:
        text = "\n---\n".join([META, *(json.dumps(definition(number)) for number in range(CRDS))])
    meta, _, definitions = text.partition("\n---\n")
    (folder / "crossplane.yaml").write_text(meta)
    (folder / "crds.yaml").write_text(definitions)
    return folder


META = """\
apiVersion: meta.pkg.crossplane.io/v1
kind: Provider
metadata:
  name: provider-aws-ec2
"""


def definition(number: int) -> Plain:
    """Return a CRD of about the size of those of provider-aws-ec2."""
    kind = f"Thing{number}"
    names: Plain = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": f"{kind}s".lower(),
        "singular": kind.lower(),
    }
    description = f"One of the settings of a {kind}, and what to think of before it is changed. "
    fields: Plain = {
        f"setting{index}": {"type": "string", "description": description * 5}
        for index in range(100)
    }
    inner: Plain = {"type": "object", "properties": fields}
    schema: Plain = {"type": "object", "properties": {"spec": inner, "status": {"type": "object"}}}
    version: Plain = {
        "name": "v1beta1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind}s.many.example.org".lower()},
        "spec": {
            "group": "many.example.org",
            "names": names,
            "scope": "Cluster",
            "versions": [version],
        },
    }
