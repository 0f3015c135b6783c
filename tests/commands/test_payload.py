"""`payload`: the ConfigMaps beside the release, from the declaration."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from postrender.cli import main
from postrender.commands import payload
from postrender.errors import DevcacheError
from postrender.manifests import nodes
from tests.shared.declarations import Declare, config_option
from tests.shared.manifests import RENDERED
from tests.shared.package_files import incompressible

if TYPE_CHECKING:
    from tests.shared.command import Command


def test_values_files_of_the_chart_are_a_declaration_too(declare: Declare, tmp_path: Path) -> None:
    config = declare()
    spec = yaml.safe_load(config.read_text())["spec"]
    values, more = tmp_path / "values.yaml", tmp_path / "more.yaml"
    values.write_text(yaml.safe_dump({"devcache": spec, "crossplane": {"replicas": 2}}))
    assert payload.run(values_files=[values]) == payload.run(config=config)
    more.write_text("devcache: {packages: {first: null}}\n")
    fewer = payload.run(values_files=[values, more])
    assert fewer == payload.run(config=declare(first=None))


def test_a_declaration_with_the_payload_in_the_release_is_refused(
    declare: Declare,
) -> None:
    with pytest.raises(DevcacheError, match="puts the packages into the release") as refused:
        payload.run(config=declare("release"))
    assert "payload: apart" in refused.value.hint


def test_argo_cd_gets_no_copy_of_a_config_map_in_an_annotation(
    golden_command: Command, tmp_path: Path
) -> None:
    folder = incompressible(tmp_path / "large", 1_100_000)
    spec = f"argocd: true, payload: apart, packages: {{large: {{path: {folder}}}}}"
    run = golden_command("payload", config_option(tmp_path, f"{{{spec}}}"))
    options = [
        document["metadata"]["annotations"] for document in yaml.load_all(run.stdout, nodes.LOADER)
    ]
    assert options == [{"argocd.argoproj.io/sync-options": "ServerSideApply=true"}] * 2


def test_an_unreadable_package_is_named(declare: Declare) -> None:
    with pytest.raises(DevcacheError, match="no such file") as refused:
        payload.run(config=declare(gone=Path("nowhere")))
    assert refused.value.where == "package gone, nowhere"


def test_large_packages_fit_into_several_config_maps(
    golden_command: Command, tmp_path: Path
) -> None:
    folder = incompressible(tmp_path / "large", 1_100_000)
    declared = config_option(
        tmp_path, f"{{payload: apart, packages: {{large: {{path: {folder}}}}}}}"
    )
    run = golden_command("payload", declared, "--namespace=crossplane-system")
    assert (run.status, run.stderr) == (main.DONE, "")
    documents = list(yaml.load_all(run.stdout, nodes.LOADER))
    sizes = [
        len(b64decode(text)) for document in documents for text in document["binaryData"].values()
    ]
    assert max(sizes) <= 1 << 20
    assert sum(sizes) > 1_100_000
    assert golden_command(declared, stdin=RENDERED.encode()).status == main.DONE
    listing = {"kind": "List", "items": [{"kind": "Deployment"}, {"kind": "ReplicaSet"}]}
    pruned = golden_command("payload", declared, "--prune", stdin=json.dumps(listing).encode())
    assert (pruned.status, pruned.stdout, pruned.stderr) == (main.DONE, "", "")
