"""A Provider of 208 CRDs, in one release. The last scenario: they take minutes to leave."""

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
"""How many CRDs provider-aws-ec2 has."""

GROUPS = ("aws.upbound.io", "aws.m.upbound.io", "many.example.org")
"""How their API groups end: those of provider-aws-ec2, and of what stands for it."""


def test_a_provider_of_208_crds_is_healthy(
    crossplane: Crossplane, kubernetes: Kubernetes, tmp_path: Path
) -> None:
    many = {
        "path": str(provider(tmp_path / "many")),
        "package": f"{ACME}/provider-aws-ec2:v2.1.0",
        "runtimeImage": runtime_image("provider-nop"),
    }
    crossplane.given({"many": many})
    # Crossplane 2 makes them one by one, also when the Provider is healthy.
    until(lambda: few(kubernetes), f"there are {CRDS} CRDs")


def few(kubernetes: Kubernetes) -> str | None:
    """Return how many CRDs of the Provider there are, unless there are all."""
    found = sum(name.endswith(GROUPS) for name in kubernetes.names("crds"))
    return None if found == CRDS else f"{found} CRDs"


def provider(folder: Path) -> Path:
    """Write the directory of a Provider with many CRDs, and return it.

    It is provider-aws-ec2 where its package.yaml is at hand.
    """
    folder.mkdir()
    packed = Path(os.environ.get("CORPUS", "nowhere")) / CORPUS
    if packed.exists():
        text = lzma.decompress(packed.read_bytes()).decode()
    else:
        text = "\n---\n".join([META, *(json.dumps(definition(each)) for each in range(CRDS))])
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
    """Return a CRD of the size that those of provider-aws-ec2 have."""
    kind = f"Thing{number}"
    names: Plain = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": f"{kind}s".lower(),
        "singular": kind.lower(),
    }
    described = f"One of the settings of a {kind}, and what to think of before it is changed. "
    fields: Plain = {
        f"setting{each}": {"type": "string", "description": described * 5} for each in range(100)
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
