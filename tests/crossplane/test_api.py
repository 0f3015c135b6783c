"""CRDs of the package API for a cluster that has none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.cli import main
from postrender.manifests import nodes

if TYPE_CHECKING:
    from tests.shared.command import Command


@pytest.mark.parametrize(
    ("version", "function", "image_config"),
    [
        ("1.14", "v1beta1", False),
        ("1.17.2", "v1", False),
        ("2.1", "v1", False),
        ("2.4.0", "v1", True),
    ],
)
def test_bootstrap_crds_fit_the_line(
    golden_command: Command, version: str, function: str, *, image_config: bool
) -> None:
    run = golden_command("crds", f"--crossplane={version}")
    assert run.status == main.DONE
    served = {
        document["spec"]["names"]["kind"]: [entry["name"] for entry in document["spec"]["versions"]]
        for document in yaml.load_all(run.stdout, nodes.LOADER)
    }
    assert served["Function"] == [function]
    assert served["Configuration"] == served["Provider"] == ["v1"]
    assert served["DeploymentRuntimeConfig"] == ["v1beta1"]
    assert ("ImageConfig" in served) == image_config
