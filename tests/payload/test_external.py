"""Packages apart from the release: their ConfigMaps, what the pod makes of them, which may go."""

from __future__ import annotations

import base64
import json
import lzma
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from postrender.commands import payload
from postrender.declared import devcache
from postrender.errors import DevcacheError
from postrender.manifests import nodes
from postrender.packages import PackageYaml
from postrender.payload import external
from tests.shared import manifests
from tests.shared.copier_pod import cached, new_pod
from tests.shared.package_files import META, directory, incompressible
from tests.shared.paths import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postrender.manifests.nodes import Plain

RENDERED = (GOLDEN / "crossplane-2.4" / "input-helm3.yaml").read_text()
LABELS = {
    "app.kubernetes.io/part-of": "crossplane-devcache",
    "app.kubernetes.io/component": "payload",
}


LARGEST = 10_000
"""Bytes of a part in most tests: xz takes seconds for what needs more than one real part."""


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in three parts."""
    monkeypatch.setattr(external, "LARGEST", LARGEST)
    return incompressible(tmp_path / "large", 2 * LARGEST + LARGEST // 2)


@dataclass(frozen=True)
class Declare:
    """Writes a DevCache document of packages, the small `one` and `two` among them."""

    folder: Path

    def __call__(self, mode: str = "apart", **more: Path | None) -> Path:
        paths = {"one": self.folder / "one", "two": self.folder / "two", **more}
        packages = {name: {"path": str(path)} for name, path in paths.items() if path}
        spec = {"packages": packages, "payload": mode}
        head = {"apiVersion": devcache.API_VERSION, "kind": devcache.KIND}
        file = self.folder / "devcache.yaml"
        file.write_text(yaml.safe_dump({**head, "metadata": {"name": "x"}, "spec": spec}))
        return file


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    for name in ("one", "two"):
        directory(tmp_path / name, {"crossplane.yaml": META + f"# {name}\n".encode()})
    return Declare(tmp_path)


def config_maps(printed: str) -> dict[str, dict[str, bytes]]:
    """Return the data of ConfigMaps in a stream, by name."""
    documents = [
        one for one in yaml.load_all(printed, nodes.LOADER) if one and one["kind"] == "ConfigMap"
    ]
    return {
        one["metadata"]["name"]: {
            **{key: text.encode() for key, text in one.get("data", {}).items()},
            **{key: base64.b64decode(text) for key, text in one.get("binaryData", {}).items()},
        }
        for one in documents
    }


def rendered(config: Path) -> str:
    return manifests.modified(RENDERED, devcache.load(config.read_text(), where=""), Path())


def volume(modified: str) -> dict[str, Plain]:
    """Return the volume that the copier reads."""
    deployments = [
        one for one in yaml.load_all(modified, nodes.LOADER) if one and one["kind"] == "Deployment"
    ]
    (found,) = [
        volume
        for one in deployments
        for volume in one["spec"]["template"]["spec"].get("volumes", [])
        if volume["name"] == "devcache"
    ]
    assert isinstance(found, dict)
    return found


def sources(modified: str) -> list[str]:
    """Return the names of the ConfigMaps that the volume is projected from."""
    return [
        source["configMap"]["name"]
        for source in yaml.safe_load(yaml.safe_dump(volume(modified)))["projected"]["sources"]
    ]


def mounted(modified: str, printed: str) -> dict[str, bytes]:
    """Return the files that kubelet makes of the volume: of equal names the last one counts."""
    there = config_maps(printed) | config_maps(modified)
    return {key: data for name in sources(modified) for key, data in there[name].items()}


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
    assert max(contents) > 3 * LARGEST, "more than the three parts hold, so it was packed"
    assert len(contents) == 3
    assert "xz.3 " in config_maps(modified)["crossplane-devcache"]["index"].decode()


def test_each_config_map_fits_and_never_changes(declare: Declare, large: Path) -> None:
    printed = payload.run(config=declare(large=large), namespace="xp-system")
    documents = list(yaml.safe_load_all(printed))
    assert len(documents) == 5, "one for each small package, three for the large one"
    for one in documents:
        assert one["immutable"] is True
        assert one["metadata"]["labels"] == LABELS
        assert one["metadata"]["namespace"] == "xp-system"
        assert re.fullmatch("crossplane-devcache-[0-9a-f]{16}", one["metadata"]["name"])
    for data in config_maps(printed).values():
        assert sum(map(len, data.values())) <= LARGEST
    assert "namespace" not in payload.run(config=declare())


def test_the_release_references_just_what_is_printed_and_its_own_last(
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
    after = config_maps(payload.run(config=declare(large=large, one=changed)))
    again = config_maps(payload.run(config=declare(large=large)))
    assert again == before
    assert {next(iter(before[name])) for name in before.keys() - after} == {"one.xz"}
    assert {next(iter(after[name])) for name in after.keys() - before} == {"one.xz"}
    moved = {*sources(rendered(declare(one=changed)))} ^ {*sources(rendered(declare()))}
    assert len(moved) == 2


@given(st.binary(max_size=300), st.integers(1, 60))
@example(b"", 1)
def test_parts_are_the_whole_in_order(content: bytes, largest: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(external, "LARGEST", largest)
        parts = external.split("a", PackageYaml.of(content))
    whole = b"".join(part.content for part in parts)
    assert lzma.decompress(whole) == content
    assert all(0 < len(part.content) <= largest for part in parts)
    assert len({part.key for part in parts}) == len({part.config_map for part in parts})


def test_a_release_that_brings_its_packages_is_as_it_was(declare: Declare) -> None:
    modified = rendered(declare("release"))
    assert volume(modified)["configMap"] == {"name": "crossplane-devcache"}
    assert set(config_maps(modified)["crossplane-devcache"]) >= {"one.xz", "two.xz"}


def test_without_a_package_there_is_nothing_to_project(declare: Declare) -> None:
    config = declare(one=None, two=None)
    assert volume(rendered(config))["configMap"] == {"name": "crossplane-devcache"}
    assert payload.run(config=config) == ""


def test_config_maps_among_the_manifests_pass(declare: Declare) -> None:
    """They are not the remains of an earlier pass."""
    config = declare()
    printed = payload.run(config=config)
    declared = devcache.load(config.read_text(), where="")
    assert printed in manifests.modified(RENDERED + printed, declared, Path())


def test_values_of_our_chart_are_a_declaration_too(declare: Declare, tmp_path: Path) -> None:
    config = declare()
    spec = yaml.safe_load(config.read_text())["spec"]
    values, more = tmp_path / "values.yaml", tmp_path / "more.yaml"
    values.write_text(yaml.safe_dump({"devcache": spec, "crossplane": {"replicas": 2}}))
    assert payload.run(values_files=[values]) == payload.run(config=config)
    more.write_text("devcache: {packages: {one: null}}\n")
    fewer = payload.run(values_files=[values, more])
    assert fewer == payload.run(config=declare(one=None))


def test_a_declaration_that_leaves_them_in_the_release_is_refused(
    declare: Declare,
) -> None:
    with pytest.raises(DevcacheError, match="leaves the packages in the release") as refused:
        payload.run(config=declare("release"))
    assert refused.value.hint == "set payload: apart"


def test_a_package_that_cannot_be_read_is_named(declare: Declare) -> None:
    with pytest.raises(DevcacheError, match="no such file") as refused:
        payload.run(config=declare(gone=Path("nowhere")))
    assert refused.value.where == "package gone, nowhere"


def listed(*objects: Mapping[str, object]) -> bytes:
    """Return what kubectl prints of objects, beside a Deployment and a ReplicaSet."""
    items = [item("Deployment", "d"), item("ReplicaSet", "r"), *objects]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()


def item(
    kind: str, name: str, *references: str, labels: Mapping[str, str] = LABELS, namespace: str = "x"
) -> dict[str, object]:
    projected = {"sources": [{"configMap": {"name": each}} for each in references]}
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {"template": {"spec": {"volumes": [{"projected": projected}]}}},
        "data": {"secret": "hunter2"},
    }


OLD, NEW, OTHER = (f"crossplane-devcache-{digit * 16}" for digit in "123")


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param([], [], id="nothing-is-there"),
        pytest.param([item("ConfigMap", OLD)], [OLD], id="nothing-references-it"),
        pytest.param(
            [item("ConfigMap", NEW), item("ConfigMap", OLD), item("Pod", "p", NEW, "other")],
            [OLD],
            id="a-pod",
        ),
        pytest.param(
            [item("ConfigMap", OLD), item("ReplicaSet", "old", OLD)],
            [],
            id="a-replica-set-that-a-rollback-needs",
        ),
        pytest.param([item("ConfigMap", OLD), item("Job", "j", OLD)], [], id="any-other-kind"),
        pytest.param(
            [item("ConfigMap", OLD, OLD), item("ConfigMap", NEW, OLD)],
            [OLD, NEW],
            id="config-maps-reference-nothing",
        ),
        pytest.param(
            [item("ConfigMap", OLD, labels={"app.kubernetes.io/part-of": "crossplane-devcache"})],
            [],
            id="without-the-label",
        ),
        pytest.param(
            [item("ConfigMap", "crossplane-devcache"), item("ConfigMap", f"{OLD} --all")],
            [],
            id="a-name-that-is-none-of-ours",
        ),
        pytest.param([item("Secret", OLD)], [], id="of-another-kind"),
    ],
)
def test_prune_names_what_nothing_references(
    declare: Declare, objects: list[dict[str, object]], expected: list[str]
) -> None:
    found = payload.run(config=declare(), prune=True, listed=listed(*objects))
    assert found == "".join(f"configmap/{name}\n" for name in expected)


def test_prune_keeps_what_is_declared_as_long_as_it_is_apart(declare: Declare) -> None:
    names = sorted(config_maps(payload.run(config=declare())))
    there = listed(*(item("ConfigMap", name) for name in [OTHER, *names]))
    kept = payload.run(config=declare(), prune=True, namespace="x", listed=there)
    assert kept == f"configmap/{OTHER}\n"
    none = payload.run(config=declare("release"), prune=True, listed=there)
    assert none.split() == [f"configmap/{name}" for name in sorted([OTHER, *names])]


@pytest.mark.parametrize(
    ("given_", "problem"),
    [
        pytest.param(b"", "is not JSON", id="nothing"),
        pytest.param(b"kind: List\nitems: [hunter2]\n", "is not JSON", id="yaml"),
        pytest.param(b"\xff", "is not UTF-8", id="bytes"),
        pytest.param(b"[" * 100_000, "is not JSON", id="nested-without-end"),
        pytest.param(b'{"items": [' + b"1" * 5_000 + b"]}", "is not JSON", id="endless-number"),
        pytest.param(b"[]", "an object is not a mapping", id="no-object"),
        pytest.param(
            json.dumps(item("ConfigMap", OLD)).encode(), "is not a list of objects", id="one-object"
        ),
        pytest.param(b'{"items": ["hunter2"]}', "an object is not a mapping", id="items"),
        pytest.param(b'{"items": [{"kind": 1}]}', "kind is not a string", id="kind"),
        pytest.param(b'{"items": []}', "lists no Deployment", id="nothing-listed"),
        pytest.param(
            listed(item("ConfigMap", OLD)).replace(b'"ReplicaSet"', b'"Pod"'),
            "lists no ReplicaSet",
            id="no-replica-sets",
        ),
        pytest.param(
            listed(item("ConfigMap", OLD, namespace="y")), "more than one namespace", id="all-of-it"
        ),
        pytest.param(
            listed().replace(b'"namespace": "x"', b'"namespace": "y"'),
            "another one than --namespace",
            id="another-namespace",
        ),
    ],
)
def test_prune_refuses_what_does_not_tell_all_references(
    declare: Declare, given_: bytes, problem: str
) -> None:
    with pytest.raises(DevcacheError, match=problem) as refused:
        payload.run(config=declare(), namespace="x", prune=True, listed=given_)
    assert refused.value.where.startswith("stdin")
    assert "hunter2" not in str(refused.value)
