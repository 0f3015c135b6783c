"""Tests of the plan of a push, without a cluster."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postrender.errors import DevcacheError
from postrender.live import plan
from postrender.live.releases import is_push_key
from postrender.payload import contents, external, record
from tests.shared import live_release
from tests.shared.copier_pod import cached, new_pod
from tests.shared.live_release import DIGEST, PATH, VERSIONS, edited, package
from tests.shared.package_files import META, PROVIDER, STREAM, XRD, noise

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.declared.devcache import PackageDeclaration
    from postrender.live.releases import Release
    from postrender.payload.contents import Contents


def push_plan(
    release: Release, *declared: PackageDeclaration, version: Version = DIGEST
) -> plan.Plan:
    return plan.push(release, live_release.local_packages(*declared, version=version))


def states(result: plan.Plan) -> dict[str, str]:
    return {change.name: change.state for change in result.changes}


def require_complete(whole: Contents) -> None:
    """Check that each index entry names existing keys and the digest of their bytes."""
    lines = "".join(whole.data.get(key, "") for key in (contents.INDEX, contents.PUSHED_INDEX))
    entries = [line.split() for line in lines.splitlines()]
    assert {key for _, _, key, _ in entries} == set(whole.binary)
    for packed, _, key, _ in entries:
        assert hashlib.sha256(whole.binary[key]).hexdigest() == packed


@VERSIONS
def test_the_same_content_needs_no_write(tmp_path: Path, version: Version) -> None:
    release = live_release.of(package(tmp_path), version=version)
    result = push_plan(release, package(tmp_path), version=version)
    assert states(result) == {"platform": "same"}
    assert not result.writes
    assert result.contents == release.contents


@VERSIONS
def test_a_changed_package_replaces_the_previous_one(tmp_path: Path, version: Version) -> None:
    release = live_release.of(package(tmp_path), package(tmp_path, "network"), version=version)
    result = push_plan(release, package(tmp_path, content=STREAM + b"# more\n"), version=version)
    assert states(result) == {"platform": "changed"}
    require_complete(result.contents)
    [change] = result.changes
    before = release.record.packages["platform"]
    assert change.is_declared
    assert change.entry.content != change.entry.released == before.content
    assert (change.entry.file == before.file) == (version == PATH)
    assert change.entry.is_notified == (version == DIGEST), (
        "no object tells Crossplane where the key is a path"
    )
    network = release.contents.binary["network.xz"]
    assert result.contents.binary["network.xz"] == network


@VERSIONS
def test_an_undeclared_package_has_keys_of_its_own(tmp_path: Path, version: Version) -> None:
    release = live_release.of(package(tmp_path), version=version)
    result = push_plan(release, package(tmp_path, "extra"), version=version)
    assert states(result) == {"extra": "new"}
    require_complete(result.contents)
    push_keys = {
        key for key in (*result.contents.data, *result.contents.binary) if is_push_key(key)
    }
    assert push_keys == {"pushed", "pushed.json", "extra.pushed.xz"}
    for key, value in release.contents.data.items():
        assert result.contents.data[key] == value, "the values that Helm owns stay the same"
    next_release = live_release.after(release, result.contents)
    assert states(push_plan(next_release, package(tmp_path, "extra"), version=version)) == {
        "extra": "same"
    }
    assert plan.unload(next_release, "extra") == release.contents


def test_a_pushed_package_that_the_release_now_declares_is_not_stored_twice(tmp_path: Path) -> None:
    extra = package(tmp_path, "extra")
    before = live_release.of(package(tmp_path))
    pushed = push_plan(before, extra).contents
    upgraded = live_release.of(package(tmp_path), extra)
    data = {**pushed.data, **upgraded.contents.data}
    binary = {**pushed.binary, **upgraded.contents.binary}
    release = live_release.after(upgraded, contents.Contents(data, binary))
    result = push_plan(release, package(tmp_path, content=STREAM + b"# more\n"))
    assert not any(map(is_push_key, (*result.contents.data, *result.contents.binary)))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("platform", 'the release declares "platform"', id="declared"),
        pytest.param("nothing", 'no push has added a package "nothing"', id="absent"),
    ],
)
def test_only_a_pushed_package_can_be_unloaded(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(DevcacheError, match=problem):
        plan.unload(live_release.of(package(tmp_path)), name)


@pytest.mark.parametrize(
    ("name", "more", "content", "problem"),
    [
        pytest.param("platform", {}, PROVIDER, "the release has a Configuration", id="kind"),
        pytest.param(
            "platform",
            {"reference": "registry.example.com/acme/platform:v0.2.0"},
            STREAM,
            "the release has the reference",
            id="reference",
        ),
        pytest.param(
            "other",
            {"reference": "registry.example.com/acme/platform:v0.2.0"},
            STREAM,
            "both have the source",
            id="source",
        ),
    ],
)
def test_a_change_that_needs_an_upgrade_is_refused(
    tmp_path: Path, name: str, more: dict[str, str], content: bytes, problem: str
) -> None:
    release = live_release.of(package(tmp_path), version=PATH)
    with pytest.raises(DevcacheError, match=problem):
        push_plan(release, package(tmp_path, name, content, **more), version=PATH)


def test_a_cache_file_that_is_a_folder_of_the_release_is_refused(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path, reference="x.io/a.gz/b"), version=PATH)
    with pytest.raises(
        DevcacheError, match=r'"x.io/a.gz" of one is a folder in the path of the other'
    ) as error:
        push_plan(release, package(tmp_path, "other", reference="x.io/a.b"), version=PATH)
    assert error.value.where == "packages other and platform"


def test_a_package_that_is_too_large_is_refused_with_the_sizes(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path))
    large = META + b"---\n" + XRD + b"metadata:\n  name: " + noise(1_100_000).encode()
    with pytest.raises(DevcacheError, match=r"too large for a push.*a ConfigMap holds 1,048,576"):
        push_plan(release, package(tmp_path, content=large))


def test_the_record_says_that_crossplane_knows_of_a_content(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path), version=PATH)
    result = push_plan(release, package(tmp_path, content=META), version=PATH)
    before = live_release.after(release, result.contents)
    assert not before.entries["platform"].is_notified
    assert states(push_plan(before, package(tmp_path, content=META), version=PATH)) == {
        "platform": "same"
    }
    after = live_release.after(before, plan.with_notice(before, ["platform"]))
    assert after.entries["platform"].is_notified
    assert after.contents.binary == before.contents.binary


@VERSIONS
@pytest.mark.linux  # busybox
def test_the_copier_loads_the_contents_of_a_plan(tmp_path: Path, version: Version) -> None:
    release = live_release.of(package(tmp_path), version=version)
    changed = package(tmp_path, content=STREAM + b"# more\n")
    result = push_plan(release, changed, package(tmp_path, "extra"), version=version)
    whole = result.contents
    pod = new_pod(tmp_path / "pod", tmp_path / "cache")
    pod.publish({key: value.encode() for key, value in whole.data.items()} | {**whole.binary})
    assert pod.run().status == 0
    assert cached(pod.cache) == {
        change.entry.file: change.package.package_yaml.content for change in result.changes
    }


@settings(max_examples=30)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["platform", "network", "extra", "more"]), st.integers(0, 2)),
        max_size=6,
    )
)
def test_after_any_pushes_the_release_has_the_same_keys(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("steps")
    release = live_release.of(package(folder), package(folder, "network"))
    first = release.contents
    for name, edit in steps:
        content = META + b"---\n" + XRD + b"# %d\n" % edit
        release = live_release.after(
            release, push_plan(release, package(folder, name, content)).contents
        )
        require_complete(release.contents)
    for after, before in (
        (release.contents.data, first.data),
        (release.contents.binary, first.binary),
    ):
        assert {key for key in after if not is_push_key(key)} == set(before)
    for name in {name for name, _ in steps} - {"platform", "network"}:
        release = live_release.after(release, plan.unload(release, name))
    assert not any(map(is_push_key, release.contents.binary))


def test_a_written_record_can_be_parsed(tmp_path: Path) -> None:
    before = live_release.of(package(tmp_path)).record
    assert record.parse(before.text, where="it") == before


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"crossplane": "two"}', '{"crossplane": "2.4", "packages": {"a": []}}'],
)
def test_a_foreign_record_is_refused(text: str) -> None:
    with pytest.raises(DevcacheError, match="was not written by this version"):
        record.parse(text, where="it")


@VERSIONS
@pytest.mark.linux  # busybox
def test_a_push_replaces_a_package_outside_the_release(tmp_path: Path, version: Version) -> None:
    both = (package(tmp_path, "network"), package(tmp_path))
    on_disk = live_release.local_packages(*both, version=version)
    parts = external.parts_of(on_disk)
    release = live_release.of(*both, version=version, parts=parts)
    changed = edited(tmp_path)
    result = push_plan(release, changed, version=version)
    whole = result.contents
    assert set(whole.binary) == {"platform.over.xz"}, "no key of the other ConfigMaps"
    assert not any(map(is_push_key, whole.binary)), "one request writes it and its index entry"
    before, after = (value.data["index"].splitlines() for value in (release.contents, whole))
    assert before[0] == after[0]

    pod = new_pod(tmp_path / "pod", tmp_path / "cache")
    binary = {part.key: part.content for of_package in parts.values() for part in of_package}
    binary |= whole.binary
    pod.publish({key: value.encode() for key, value in whole.data.items()} | binary)
    assert pod.run().status == 0
    packages = live_release.local_packages(changed, both[0], version=version)
    assert cached(pod.cache) == {local.cache_key: local.package_yaml.content for local in packages}

    next_release = live_release.after(release, whole)
    unchanged = push_plan(next_release, package(tmp_path, "network"), version=version)
    assert states(unchanged) == {"network": "same"}
    assert unchanged.contents == whole
