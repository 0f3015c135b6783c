"""The package objects and ImageConfigs that join a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from postrender.cli import main
from postrender.manifests import nodes

if TYPE_CHECKING:
    from tests.shared.command import Command


def test_all_package_objects_are_printed_installed_or_not(golden_command: Command) -> None:
    run = golden_command("objects", "--config=devcache.yaml", "--crossplane=2.4")
    assert run.status == main.DONE
    documents = list(yaml.load_all(run.stdout, nodes.LOADER))
    names = [(document["kind"], document["metadata"]["name"]) for document in documents]
    assert ("Configuration", "platform") in names, "install: false is for the release only"
    assert ("ImageConfig", "devcache-platform") in names
    assert "ConfigMap" not in {kind for kind, _ in names}
    labels = {tuple(document["metadata"]["labels"].items()) for document in documents}
    assert labels == {(("app.kubernetes.io/part-of", "crossplane-devcache"),)}


def test_objects_for_a_release_have_helms_ownership_metadata(golden_command: Command) -> None:
    owner = ("--release=xp", "--namespace=xp-system")
    run = golden_command("objects", "--config=devcache.yaml", "--crossplane=1.20", *owner)
    for document in yaml.load_all(run.stdout, nodes.LOADER):
        metadata = document["metadata"]
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "Helm"
        assert metadata["annotations"] == {
            "meta.helm.sh/release-name": "xp",
            "meta.helm.sh/release-namespace": "xp-system",
        }
