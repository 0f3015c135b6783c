"""Packages in ConfigMaps beside the release."""

from __future__ import annotations

import lzma
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from postrender.commands import payload
from postrender.declared import devcache
from postrender.manifests import nodes
from postrender.packages import PackageYaml
from postrender.payload import external
from tests.shared import manifests
from tests.shared.copier_pod import cached, new_pod
from tests.shared.manifests import config_maps
from tests.shared.package_files import META, directory, incompressible

if TYPE_CHECKING:
    from postrender.manifests.nodes import Plain
    from tests.shared.declarations import Declare

LABELS = {
    "app.kubernetes.io/part-of": "crossplane-devcache",
    "app.kubernetes.io/component": "payload",
}

RENDERED = manifests.RENDERED

LARGEST = 10_000
"""Bytes of a part in most tests: xz takes seconds for more than one part of the real size."""


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in three parts."""
    monkeypatch.setattr(external, "LARGEST", LARGEST)
    return incompressible(tmp_path / "large", 2 * LARGEST + LARGEST // 2)


def rendered(config: Path) -> str:
    return manifests.modified(RENDERED, devcache.load(config.read_text(), where=""), Path())


def volume(modified: str) -> dict[str, Plain]:
    """Return the volume that the copier reads."""
    deployments = [
        document
        for document in yaml.load_all(modified, nodes.LOADER)
        if document and document["kind"] == "Deployment"
    ]
    (result,) = [
        volume
        for document in deployments
        for volume in document["spec"]["template"]["spec"].get("volumes", [])
        if volume["name"] == "devcache"
    ]
    assert isinstance(result, dict)
    return result


def sources(modified: str) -> list[str]:
    """Return the names of the ConfigMaps that the volume is projected from."""
    return [
        source["configMap"]["name"]
        for source in yaml.safe_load(yaml.safe_dump(volume(modified)))["projected"]["sources"]
    ]


def mounted(modified: str, printed: str) -> dict[str, bytes]:
    """Return the files that kubelet mounts in the volume; of equal names the last wins."""
    data_of = config_maps(printed) | config_maps(modified)
    return {key: data for name in sources(modified) for key, data in data_of[name].items()}


@pytest.mark.linux  # busybox
def test_a_package_in_parts_reaches_the_cache(
    declare: Declare, large: Path, tmp_path: Path
) -> None:
    config = declare(large=large)
    modified, printed = rendered(config), payload.run(config=config)
    pod = new_pod(tmp_path / "pod", tmp_path / "cache")
    pod.publish(mounted(modified, printed))
    outcome = pod.run()
    assert (outcome.status, outcome.stderr) == (0, "")
    contents = [len(content) for content in cached(pod.cache).values()]
    assert max(contents) > 3 * LARGEST, "larger than three parts, and so packed"
    assert len(contents) == 3
    assert "xz.3 " in config_maps(modified)["crossplane-devcache"]["index"].decode()


def test_each_config_map_fits_and_is_immutable(declare: Declare, large: Path) -> None:
    printed = payload.run(config=declare(large=large), namespace="xp-system")
    documents = list(yaml.safe_load_all(printed))
    assert len(documents) == 5, "one for each small package, three for the large package"
    for document in documents:
        assert document["immutable"] is True
        assert document["metadata"]["labels"] == LABELS
        assert document["metadata"]["namespace"] == "xp-system"
        assert re.fullmatch("crossplane-devcache-[0-9a-f]{16}", document["metadata"]["name"])
    for data in config_maps(printed).values():
        assert sum(map(len, data.values())) <= LARGEST
    assert "namespace" not in payload.run(config=declare())


def test_the_release_references_the_printed_config_maps_and_its_own_last(
    declare: Declare, large: Path
) -> None:
    config = declare(large=large)
    modified = rendered(config)
    own = config_maps(modified)
    assert list(own) == ["crossplane-devcache"]
    assert set(own["crossplane-devcache"]) == {"index", "copier.sh"}
    printed = list(config_maps(payload.run(config=config)))
    assert sources(modified) == [*printed, "crossplane-devcache"]


def test_a_change_of_one_package_changes_only_its_config_maps(
    declare: Declare, large: Path, tmp_path: Path
) -> None:
    before = config_maps(payload.run(config=declare(large=large)))
    changed = directory(tmp_path / "changed", {"crossplane.yaml": META + b"# changed\n"})
    after = config_maps(payload.run(config=declare(large=large, first=changed)))
    again = config_maps(payload.run(config=declare(large=large)))
    assert again == before
    assert {next(iter(before[name])) for name in before.keys() - after} == {"first.xz"}
    assert {next(iter(after[name])) for name in after.keys() - before} == {"first.xz"}
    moved = {*sources(rendered(declare(first=changed)))} ^ {*sources(rendered(declare()))}
    assert len(moved) == 2


@given(st.binary(max_size=300), st.integers(1, 60))
@example(b"", 1)
def test_joined_parts_are_the_packed_content(content: bytes, largest: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(external, "LARGEST", largest)
        parts = external.split("a", PackageYaml.of(content))
    whole = b"".join(part.content for part in parts)
    assert lzma.decompress(whole) == content
    assert all(0 < len(part.content) <= largest for part in parts)
    assert len({part.key for part in parts}) == len({part.config_map for part in parts})


def test_a_release_with_its_own_packages_needs_no_other_config_maps(declare: Declare) -> None:
    modified = rendered(declare("release"))
    assert volume(modified)["configMap"] == {"name": "crossplane-devcache"}
    assert set(config_maps(modified)["crossplane-devcache"]) >= {"first.xz", "second.xz"}


def test_without_packages_no_config_map_is_printed_or_projected(declare: Declare) -> None:
    config = declare(first=None, second=None)
    assert volume(rendered(config))["configMap"] == {"name": "crossplane-devcache"}
    assert payload.run(config=config) == ""


def test_config_maps_among_the_manifests_pass_unchanged(declare: Declare) -> None:
    """The filter does not mistake them for objects of an earlier pass."""
    config = declare()
    printed = payload.run(config=config)
    declared = devcache.load(config.read_text(), where="")
    assert printed in manifests.modified(RENDERED + printed, declared, Path())
