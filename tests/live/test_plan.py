"""What a push changes: pure, from packages on disk and a release as it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postrender.errors import DevcacheError
from postrender.live import plan
from postrender.live.releases import is_pushed
from postrender.payload import contents, external, record
from tests.shared import live_release
from tests.shared.copier_pod import cached, new_pod
from tests.shared.live_release import DIGEST, PATH, VERSIONS, edited, package
from tests.shared.package_files import META, STREAM, XRD, noise

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.declared.devcache import PackageDeclaration
    from postrender.live.releases import Release
    from postrender.payload.contents import Contents

PROVIDER = META.replace(b"Configuration", b"Provider")


def pushed(release: Release, *declared: PackageDeclaration, version: Version = DIGEST) -> plan.Plan:
    return plan.push(release, live_release.placed(*declared, version=version))


def states(planned: plan.Plan) -> dict[str, str]:
    return {change.name: change.state for change in planned.changes}


def require_whole(held: Contents) -> None:
    """Check that each line of an index is that of the bytes that it names."""
    lines = "".join(held.data.get(key, "") for key in (contents.INDEX, contents.PUSHED_INDEX))
    named = [line.split() for line in lines.splitlines()]
    assert {key for _, _, key, _ in named} == set(held.binary)
    for packed_sum, _, key, _ in named:
        assert hashlib.sha256(held.binary[key]).hexdigest() == packed_sum


@VERSIONS
def test_the_same_content_is_nothing_to_do(tmp_path: Path, version: Version) -> None:
    release = live_release.of(package(tmp_path), version=version)
    planned = pushed(release, package(tmp_path), version=version)
    assert states(planned) == {"platform": "same"}
    assert not planned.writes
    assert planned.contents == release.contents


@VERSIONS
def test_a_changed_package_takes_the_place_of_the_one_before(
    tmp_path: Path, version: Version
) -> None:
    release = live_release.of(package(tmp_path), package(tmp_path, "network"), version=version)
    planned = pushed(release, package(tmp_path, content=STREAM + b"# more\n"), version=version)
    assert states(planned) == {"platform": "changed"}
    require_whole(planned.contents)
    [change] = planned.changes
    before = release.record.packages["platform"]
    assert change.is_declared
    assert change.entry.content != change.entry.released == before.content
    assert (change.entry.file == before.file) == (version == PATH)
    assert change.entry.told == (version == DIGEST), "nobody else tells where the key is a path"
    kept = release.contents.binary["network.xz"]
    assert planned.contents.binary["network.xz"] == kept


@VERSIONS
def test_a_package_that_nobody_declares_stands_apart(tmp_path: Path, version: Version) -> None:
    release = live_release.of(package(tmp_path), version=version)
    planned = pushed(release, package(tmp_path, "extra"), version=version)
    assert states(planned) == {"extra": "new"}
    require_whole(planned.contents)
    ours = {key for key in (*planned.contents.data, *planned.contents.binary) if is_pushed(key)}
    assert ours == {"pushed", "pushed.json", "extra.pushed.xz"}
    for key, value in release.contents.data.items():
        assert planned.contents.data[key] == value, "what Helm has stays to the byte"
    again = live_release.after(release, planned.contents)
    assert states(pushed(again, package(tmp_path, "extra"), version=version)) == {"extra": "same"}
    assert plan.unload(again, "extra") == release.contents


def test_what_the_release_has_come_to_declare_is_not_kept_twice(tmp_path: Path) -> None:
    extra = package(tmp_path, "extra")
    before = live_release.of(package(tmp_path))
    held = pushed(before, extra).contents
    upgraded = live_release.of(package(tmp_path), extra)
    both = {**held.data, **upgraded.contents.data}, {**held.binary, **upgraded.contents.binary}
    release = live_release.after(upgraded, type(held)(*both))
    planned = pushed(release, package(tmp_path, content=STREAM + b"# more\n"))
    assert not any(map(is_pushed, (*planned.contents.data, *planned.contents.binary)))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("platform", 'the release declares "platform"', id="declared"),
        pytest.param("nothing", 'no push has added a package "nothing"', id="not-there"),
    ],
)
def test_only_what_was_pushed_can_be_unloaded(tmp_path: Path, name: str, problem: str) -> None:
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
            "the release has it as",
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
def test_what_only_an_upgrade_can_do_is_refused(
    tmp_path: Path, name: str, more: dict[str, str], content: bytes, problem: str
) -> None:
    release = live_release.of(package(tmp_path), version=PATH)
    with pytest.raises(DevcacheError, match=problem):
        pushed(release, package(tmp_path, name, content, **more), version=PATH)


def test_a_cache_file_that_is_a_folder_of_the_releases_is_refused(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path, reference="x.io/a.gz/b"), version=PATH)
    with pytest.raises(
        DevcacheError, match=r'"x.io/a.gz" of one is a folder of the other'
    ) as error:
        pushed(release, package(tmp_path, "other", reference="x.io/a.b"), version=PATH)
    assert error.value.where == "packages other and platform"


def test_too_large_a_package_is_refused_with_the_numbers(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path))
    large = META + b"---\n" + XRD + b"metadata:\n  name: " + noise(1_100_000).encode()
    with pytest.raises(DevcacheError, match=r"too large for a push.*a ConfigMap holds 1,048,576"):
        pushed(release, package(tmp_path, content=large))


def test_what_crossplane_was_told_of_is_noted(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path), version=PATH)
    planned = pushed(release, package(tmp_path, content=META), version=PATH)
    untold = live_release.after(release, planned.contents)
    assert not untold.entries["platform"].told
    assert states(pushed(untold, package(tmp_path, content=META), version=PATH)) == {
        "platform": "same"
    }
    told = live_release.after(untold, plan.told(untold, ["platform"]))
    assert told.entries["platform"].told
    assert told.contents.binary == untold.contents.binary


@VERSIONS
@pytest.mark.linux  # busybox
def test_the_copier_loads_what_a_plan_holds(tmp_path: Path, version: Version) -> None:
    release = live_release.of(package(tmp_path), version=version)
    changed = package(tmp_path, content=STREAM + b"# more\n")
    planned = pushed(release, changed, package(tmp_path, "extra"), version=version)
    held = planned.contents
    pod = new_pod(tmp_path / "pod", tmp_path / "cache")
    pod.publish({key: value.encode() for key, value in held.data.items()} | {**held.binary})
    assert pod.run().status == 0
    assert cached(pod.cache) == {
        change.entry.file: change.package.package_yaml.content for change in planned.changes
    }


@settings(max_examples=30)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["platform", "network", "extra", "more"]), st.integers(0, 2)),
        max_size=6,
    )
)
def test_whatever_is_pushed_the_release_keeps_its_keys(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("steps")
    release = live_release.of(package(folder), package(folder, "network"))
    first = release.contents
    for name, edit in steps:
        content = META + b"---\n" + XRD + b"# %d\n" % edit
        release = live_release.after(
            release, pushed(release, package(folder, name, content)).contents
        )
        require_whole(release.contents)
    for held, before in (
        (release.contents.data, first.data),
        (release.contents.binary, first.binary),
    ):
        assert {key for key in held if not is_pushed(key)} == set(before)
    for name in {name for name, _ in steps} - {"platform", "network"}:
        release = live_release.after(release, plan.unload(release, name))
    assert not any(map(is_pushed, release.contents.binary))


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    said = live_release.of(package(tmp_path)).record
    assert record.parse(said.text, where="it") == said


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"crossplane": "two"}', '{"crossplane": "2.4", "packages": {"a": []}}'],
)
def test_a_record_of_somebody_else_is_refused(text: str) -> None:
    with pytest.raises(DevcacheError, match="is not what crossplane-devcache"):
        record.parse(text, where="it")


@VERSIONS
@pytest.mark.linux  # busybox
def test_a_push_takes_the_place_of_what_is_apart_from_the_release(
    tmp_path: Path, version: Version
) -> None:
    both = (package(tmp_path, "network"), package(tmp_path))
    on_disk = live_release.placed(*both, version=version)
    parts = external.parts_of(on_disk)
    release = live_release.of(*both, version=version, parts=parts)
    changed = edited(tmp_path)
    planned = pushed(release, changed, version=version)
    held = planned.contents
    assert set(held.binary) == {"platform.over.xz"}, "no key of the other ConfigMaps"
    assert not any(map(is_pushed, held.binary)), "it is written with the index that names it"
    before, after = (one.data["index"].splitlines() for one in (release.contents, held))
    assert before[0] == after[0]

    pod = new_pod(tmp_path / "pod", tmp_path / "cache")
    binary = {part.key: part.content for each in parts.values() for part in each}
    binary |= held.binary
    pod.publish({key: value.encode() for key, value in held.data.items()} | binary)
    assert pod.run().status == 0
    expected = live_release.placed(changed, both[0], version=version)
    assert cached(pod.cache) == {one.cache_key: one.package_yaml.content for one in expected}

    again = live_release.after(release, held)
    unchanged = pushed(again, package(tmp_path, "network"), version=version)
    assert states(unchanged) == {"network": "same"}
    assert unchanged.contents == held
