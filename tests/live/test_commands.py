"""push, unload and status as a user runs them, against an API server on loopback."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from postrender.cli import main
from postrender.crossplane.versions import Version
from postrender.interface import start_time
from postrender.live import health, pods
from postrender.live.kinds import fields
from tests.shared.command import schema
from tests.shared.fake_cluster import CONFIG_MAP, DEPLOYMENT, FakeCluster, condition, released
from tests.shared.live_release import DIGEST, VERSIONS, content, edited, package
from tests.shared.package_files import META

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


@dataclass
class User:
    """Somebody with a kubeconfig of the cluster."""

    cluster: FakeCluster
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Ended:
        status = main.main([str(one) for one in arguments])
        shown = self.capture.readouterr()
        return Ended(status, shown.out, shown.err)

    def reported(self, command: str, *arguments: str | Path) -> dict[str, list[dict[str, str]]]:
        """Run a command that must succeed, and return what it reports, as its schema says."""
        ended = self(command, "--output=json", *arguments)
        assert (ended.status, ended.stderr) == (0, "")
        found: dict[str, list[dict[str, str]]] = json.loads(ended.stdout)
        schema(command).validate(found)
        return found

    def pushed(self, *arguments: str | Path) -> dict[str, str]:
        """Push, and return what was changed, by package."""
        return {one["name"]: one["change"] for one in self.reported("push", *arguments)["packages"]}


@pytest.fixture(autouse=True)
def _haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_GRACE", 0.2)
    monkeypatch.setattr(health, "_REMINDER", 0.1)
    monkeypatch.setattr(pods, "_REMINDER", 0.1)


@pytest.fixture
def user(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[User]:
    with released(tmp_path, package(tmp_path), package(tmp_path, "network")) as cluster:
        yield User(cluster, capsys)


@VERSIONS
def test_a_changed_package_is_pushed_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    with released(
        tmp_path, package(tmp_path), package(tmp_path, "network"), version=version
    ) as cluster:
        user = User(cluster, capsys)
        before = content(package(tmp_path))
        assert cluster.read["platform"] == before
        changed = edited(tmp_path)
        assert user.pushed(changed.path) == {"platform": "changed"}
        assert cluster.read["platform"] == content(changed) != before
        assert user.pushed(changed.path) == {"platform": "same"}
        assert cluster.asked_registry == []
        assert user.pushed(package(tmp_path).path) == {"platform": "changed"}
        assert cluster.read["platform"] == before


def test_the_steps_are_told_with_their_times(user: User, tmp_path: Path) -> None:
    ended = user("push", edited(tmp_path).path)
    assert ended.status == 0
    assert "platform  changed  the release" in ended.stdout
    steps = ["started", "found the release", "read and packed", "updated the ConfigMap"]
    for step in [*steps, "copied by 1 pod", "told Crossplane", "read by Crossplane", "Healthy"]:
        assert f"\n{step}" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("pushed, ")


def test_the_time_from_the_start_of_the_command_counts(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python and its imports take as long as the rest of a push."""
    before = time.monotonic() - 1000
    monkeypatch.setattr(start_time, "monotonic", lambda: before)
    ended = user("push", edited(tmp_path).path)
    table = ended.stdout.partition("Steps\n")[2].splitlines()
    took = re.fullmatch(r"started +(\d+)\.\d\d s", table[1])
    total = re.fullmatch(r"pushed, (\d+)\.\d\d s in all", table[-1])
    assert took
    assert total
    assert int(total[1]) >= int(took[1]) >= 1000


def test_the_same_content_is_nothing_to_do(user: User, tmp_path: Path) -> None:
    before = user.cluster.objects[CONFIG_MAP]
    ended = user("push", package(tmp_path).path)
    assert ended.stdout.splitlines()[-1].startswith("nothing to do, ")
    assert user.cluster.objects[CONFIG_MAP] == before


def test_without_arguments_all_that_the_release_declares_is_pushed(
    user: User, tmp_path: Path
) -> None:
    edited(tmp_path, "network")
    assert user.pushed() == {"platform": "same", "network": "changed"}


def test_values_name_packages_too(user: User, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    declared = {
        "path": edited(tmp_path).path,
        "package": "registry.example.com/acme/platform:v0.1.0",
    }
    values.write_text(yaml.safe_dump({"devcache": {"packages": {"platform": declared}}}))
    assert user.pushed("-f", values) == {"platform": "changed"}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"spec": {"revisionHistoryLimit": 2}}, id="spec"),
        pytest.param({"install": False}, id="install"),
        pytest.param({"ignore": ["*.md"]}, id="ignore"),
    ],
)
def test_what_only_an_upgrade_brings_is_refused(
    user: User, tmp_path: Path, other: dict[str, object]
) -> None:
    declared = {
        "path": edited(tmp_path).path,
        "package": "registry.example.com/acme/platform:v0.1.0",
    }
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"devcache": {"packages": {"platform": declared | other}}}))
    before = user.cluster.objects[CONFIG_MAP]
    ended = user("push", "-f", values)
    assert ended.status == 1
    assert "package platform: the release was rendered with another image" in ended.stderr
    assert user.cluster.objects[CONFIG_MAP] == before


@pytest.mark.parametrize("command", ["push", "watch"])
def test_a_release_without_packages_has_nothing_to_push(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with released(tmp_path) as cluster:
        ended = User(cluster, capsys)(command)
        assert ended.status == 1
        assert "there is nothing to push" in ended.stderr
        assert "hint: name a package directory" in ended.stderr


@pytest.mark.parametrize("name", ["my.platform", "my_platform"])
def test_a_name_that_no_package_object_may_have_is_refused(
    user: User, tmp_path: Path, name: str
) -> None:
    before = user.cluster.objects[CONFIG_MAP]
    ended = user("push", package(tmp_path, name).path)
    assert ended.status == 1
    assert f'"{name}" is not a DNS-1123 label' in ended.stderr
    assert user.cluster.objects[CONFIG_MAP] == before, "nothing half done"


def test_what_the_cluster_defaults_is_no_difference(user: User, tmp_path: Path) -> None:
    function = META.replace(b"Configuration", b"Function").replace(b"platform", b"zones")
    declared = {
        "path": package(tmp_path, "zones", function).path,
        "runtimeImage": "registry.example.com/acme/zones:v0.1.0",
    }
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"devcache": {"packages": {"zones": declared}}}))
    assert user.pushed("-f", values) == {"zones": "new"}
    assert user("push", "-f", values).stdout.splitlines()[-1].startswith("nothing to do, ")


@VERSIONS
def test_what_nobody_declares_stays_until_it_is_unloaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    with released(tmp_path, package(tmp_path), version=version) as cluster:
        user, before = User(cluster, capsys), set(cluster.objects)
        extra = package(tmp_path, "extra")
        assert user.pushed(extra.path) == {"extra": "new"}
        labels = cluster.objects["configurations", "extra"]["metadata"]["labels"]  # type: ignore[index, call-overload]
        assert labels["crossplane-devcache/pushed"] == "true"  # type: ignore[index, call-overload]
        cluster.helm_upgrade(package(tmp_path), version=version)
        assert "extra.pushed.xz" in cluster.data("pushed")
        assert user.pushed(edited(tmp_path, "extra").path) == {"extra": "changed"}
        assert cluster.read["extra"] == content(edited(tmp_path, "extra"))

        ended = user("unload", "extra")
        assert (ended.status, ended.stdout.split(",")[0]) == (0, "unloaded extra")
        left = {key for key in cluster.objects if "revision" not in key[0] and key[0] != "pods"}
        assert left == {key for key in before if "revision" not in key[0] and key[0] != "pods"}
        assert cluster.data("pushed") == cluster.data("pushed.json") == ""


@VERSIONS
def test_an_upgrade_takes_back_what_was_pushed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    with released(tmp_path, package(tmp_path), version=version) as cluster:
        user, before = User(cluster, capsys), cluster.data("packages.json")
        for edit in ("1", "2"):
            user.pushed(edited(tmp_path, edit=edit).path)
        assert cluster.data("packages.json") != before
        cluster.helm_upgrade(package(tmp_path), version=version)
        assert cluster.data("packages.json") == before


@VERSIONS
def test_a_push_completes_the_upgrade_of_helm_3_that_declares_a_pushed_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    with released(tmp_path, package(tmp_path), version=version) as cluster:
        user, extra = User(cluster, capsys), package(tmp_path, "extra")
        user.pushed(extra.path)
        keys = ("configurations", "extra"), ("imageconfigs", "devcache-extra")
        pushed = {key: cluster.objects[key] for key in keys if key in cluster.objects}
        cluster.helm_upgrade(package(tmp_path), extra, version=version)
        for key, unchanged in pushed.items():  # as Helm 3 leaves a custom resource that it adopts
            cluster.replace(key, unchanged)

        assert user.pushed(extra.path) == {"extra": "same"}
        configuration = fields(cluster.objects["configurations", "extra"])
        assert configuration.under("spec").text("package") == extra.reference.text
        labels = configuration.under("metadata").under("labels").values
        assert "crossplane-devcache/pushed" not in labels
        assert user("unload", "extra").status == 1


def test_every_pod_is_waited_for_and_named_when_it_lags(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with released(tmp_path, package(tmp_path), pods=3) as cluster:
        cluster.lagging = {"crossplane-2"}
        ended = User(cluster, capsys)("push", "--timeout=0.5", edited(tmp_path).path)
        assert ended.status == 1
        assert "not loaded by pod crossplane-2" in ended.stderr
        assert "crossplane-1" not in ended.stderr
        cluster.lagging = set()
        again = User(cluster, capsys)("push", edited(tmp_path).path)
        assert "copied by 3 pods" in again.stdout
        assert cluster.read["platform"] == content(edited(tmp_path))


def test_a_pod_that_is_replaced_in_the_middle_is_waited_for(user: User, tmp_path: Path) -> None:
    cluster = user.cluster
    cluster.lagging = {"crossplane-1"}

    def replaced(number: int) -> None:
        if number == at + 25:
            del cluster.objects["pods", "crossplane-1"], cluster.logs["crossplane-1"]
            cluster.start_pod("crossplane-7")

    at, cluster.before = cluster.requests, replaced
    assert user.pushed(edited(tmp_path).path) == {"platform": "changed"}
    assert cluster.read["platform"] == content(edited(tmp_path))


def test_crossplanes_own_words_tell_why_it_does_not_take_a_package(
    user: User, tmp_path: Path
) -> None:
    bad = edited(tmp_path)
    user.cluster.rejected = {content(bad): "cannot establish control of object"}
    ended = user("push", bad.path)
    assert ended.status == 1
    assert "package platform: Crossplane does not take it: cannot establish control" in ended.stderr
    again = user("push", bad.path)
    assert (again.status, again.stdout) == (1, ""), "the same content is no better"
    assert "cannot establish control" in again.stderr
    assert user.pushed(edited(tmp_path, edit="2").path) == {"platform": "changed"}


def test_a_failure_of_the_spec_before_is_waited_out(user: User, tmp_path: Path) -> None:
    [key] = [key for key in user.cluster.objects if key[1].startswith("platform-")]
    revision = user.cluster.objects[key]
    stale = condition("RevisionHealthy", "False", "cannot resolve") | {"observedGeneration": 1}
    metadata = {**fields(revision).under("metadata").values, "generation": 2}
    user.cluster.replace(key, {"metadata": metadata, "status": {"conditions": [stale]}})
    at = user.cluster.requests

    def recovered(number: int) -> None:
        if number == at + 30:  # long after the push would have taken the failure for a refusal
            user.cluster.replace(key, revision)

    user.cluster.before = recovered
    assert user.pushed(package(tmp_path).path) == {"platform": "same"}


@pytest.mark.parametrize(
    ("verb", "resource"),
    [
        ("list", "configmaps"),
        ("get", "deployments"),
        ("apply", "configmaps"),
        ("list", "pods"),
        ("patch", "pods"),
        ("get", "pods"),
        ("list", "configurationrevisions"),
        ("apply", "imageconfigs"),
        ("get", "configurations"),
    ],
)
def test_what_is_not_permitted_is_named_and_can_be_gone_on_with(
    user: User, tmp_path: Path, verb: str, resource: str
) -> None:
    message = f'User "jane" cannot {verb} resource "{resource}"'
    user.cluster.refused = {(verb, resource): (403, message)}
    ended = user("push", edited(tmp_path).path)
    assert (ended.status, ended.stdout) == (1, "")
    assert f"not permitted: {message}" in ended.stderr
    user.cluster.refused = {}
    user.pushed(edited(tmp_path).path)
    assert user.cluster.read["platform"] == content(edited(tmp_path))


def test_a_release_without_live_mode_says_what_to_set(user: User, tmp_path: Path) -> None:
    user.cluster.objects[CONFIG_MAP] = {
        **user.cluster.objects[CONFIG_MAP],
        "data": {"index": "", "copier.sh": ""},
    }
    ended = user("push", package(tmp_path).path)
    assert ended.status == 1
    assert "live mode is off\nhint: set devcache.live to true" in ended.stderr


def test_no_release_at_all_is_told(user: User) -> None:
    del user.cluster.objects[CONFIG_MAP]
    ended = user("status")
    assert ended.status == 1
    assert "there is no release of crossplane-devcache" in ended.stderr


def test_a_kubernetes_without_sidecars_is_told(user: User, tmp_path: Path) -> None:
    deployment = json.loads(json.dumps(user.cluster.objects[DEPLOYMENT]))
    del deployment["spec"]["template"]["spec"]["initContainers"][0]["restartPolicy"]
    user.cluster.objects[DEPLOYMENT] = deployment
    ended = user("push", package(tmp_path).path)
    assert "this Kubernetes knows no sidecars" in ended.stderr
    assert "use Kubernetes 1.29 or later" in ended.stderr


def test_the_name_of_something_else_is_not_taken(user: User, tmp_path: Path) -> None:
    user.cluster.objects["configurations", "extra"] = {
        "metadata": {"name": "extra"},
        "spec": {"package": "a.b/c/d:v1"},
    }
    before = user.cluster.objects[CONFIG_MAP]
    ended = user("push", package(tmp_path, "extra").path)
    assert 'package extra: the cluster has a Configuration "extra" already' in ended.stderr
    assert user.cluster.objects[CONFIG_MAP] == before, "nothing half done"


def test_a_config_map_that_somebody_edited_is_told(user: User, tmp_path: Path) -> None:
    data = user.cluster.objects[CONFIG_MAP]["data"]
    assert isinstance(data, dict)
    data["index"] = ""
    ended = user("push", edited(tmp_path).path)
    assert ended.status == 1
    assert "is not whole: somebody has changed it by hand" in ended.stderr


def test_status_tells_each_package(user: User, tmp_path: Path) -> None:
    user.pushed(package(tmp_path, "extra").path)
    user.pushed(edited(tmp_path).path)
    edited(tmp_path, "network")
    found = {one["name"]: one for one in user.reported("status")["packages"]}
    assert {name: (one["origin"], one["disk"]) for name, one in found.items()} == {
        "extra": ("pushed", "unknown"),
        "network": ("release", "differs"),
        "platform": ("release, pushed over", "same"),
    }
    assert all(one["healthy"] for one in found.values())
    assert "packages: 3, healthy: 3, pods: 1" in user("status").stdout


def test_status_tells_why_a_package_is_not_healthy(user: User, tmp_path: Path) -> None:
    bad = edited(tmp_path)
    user.cluster.rejected = {content(bad): "cannot establish control of object"}
    user("push", bad.path)
    shown = user("status").stdout
    assert "cannot establish control of object" in shown
    assert "packages: 2, healthy: 1, pods: 1" in shown


@VERSIONS
def test_status_tells_what_crossplane_has_not_been_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    with released(tmp_path, package(tmp_path), version=version) as cluster:
        user, changed = User(cluster, capsys), edited(tmp_path)
        refused = ("list", "pods") if version == DIGEST else ("patch", "configurationrevisions")
        cluster.refused = {refused: (403, "no")}
        assert user("push", changed.path).status == 1, "after the ConfigMap was updated"
        cluster.refused = {}
        shown = user("status").stdout
        assert "Crossplane has an older content: push it again" in shown
        assert "packages: 1, healthy: 0, pods: 1" in shown


def test_what_was_pushed_is_unloaded_where_there_are_no_image_configs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with released(tmp_path, package(tmp_path), version=Version(1, 14)) as cluster:
        cluster.unknown = {"imageconfigs", "deploymentruntimeconfigs"}
        user = User(cluster, capsys)
        assert user.pushed(package(tmp_path, "extra").path) == {"extra": "new"}
        assert user("unload", "extra").status == 0
        assert "extra" not in cluster.data("pushed.json")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("platform", 'the release declares "platform"'),
        ("none", 'no push has added a package "none"'),
    ],
)
def test_only_what_was_pushed_can_be_unloaded(user: User, name: str, problem: str) -> None:
    ended = user("unload", name)
    assert ended.status == 1
    assert problem in ended.stderr


@dataclass
class Pair:
    """Two packages in two states each, as two people have them on disk."""

    folder: Path
    fields: tuple[str, ...] = ("mine", "theirs")
    contents: dict[str, dict[str, str]] = field(default_factory=dict)

    def paths(self, whose: str) -> list[str]:
        declared = [edited(self.folder / whose, name, whose) for name in ("platform", "network")]
        self.contents[whose] = {one.name: content(one) for one in declared}
        return [one.path for one in declared]


@VERSIONS
@settings(max_examples=8, deadline=None)
@given(at=st.integers(1, 25))
def test_of_two_pushes_at_once_one_is_whole(
    tmp_path_factory: pytest.TempPathFactory, version: Version, at: int
) -> None:
    """Somebody else pushes between any two requests of a push."""
    folder = tmp_path_factory.mktemp("two")
    pair = Pair(folder)
    mine, theirs = pair.paths("mine"), pair.paths("theirs")
    with released(folder, package(folder), package(folder, "network"), version=version) as cluster:
        ended: list[int] = []

        def between(number: int) -> None:
            if number == start + at:
                ended.append(main.main(["push", *theirs]))

        start, cluster.before = cluster.requests, between
        status = main.main(["push", *mine])
        said = json.loads(cluster.data("packages.json"))["packages"]
        won = {name: one["content"] for name, one in said.items()}
        assert won in pair.contents.values(), "no mixture"
        assert cluster.read == won, "and Crossplane has read just that"
        assert (ended, status) in [([], 0), ([0], 0), ([0], 1)]
        assert status == 0 or won == pair.contents["theirs"], "who fails has been replaced"
        assert cluster.asked_registry == []


@VERSIONS
@settings(max_examples=8, deadline=None)
@given(at=st.integers(1, 25))
def test_what_the_later_push_leaves_alone_is_brought_by_the_one_before(
    tmp_path_factory: pytest.TempPathFactory, version: Version, at: int
) -> None:
    """Somebody else pushes one of the two packages between any two requests of a push."""
    folder = tmp_path_factory.mktemp("one")
    pair = Pair(folder)
    mine, theirs = pair.paths("mine"), pair.paths("theirs")
    with released(folder, package(folder), package(folder, "network"), version=version) as cluster:

        def between(number: int) -> None:
            if number == start + at:
                assert main.main(["push", theirs[0]]) == 0

        start, cluster.before = cluster.requests, between
        main.main(["push", *mine])
        said = json.loads(cluster.data("packages.json"))["packages"]
        assert cluster.read == {name: one["content"] for name, one in said.items()}
        assert cluster.read["network"] == pair.contents["mine"]["network"]
        assert cluster.asked_registry == []


@VERSIONS
@settings(max_examples=8, deadline=None)
@given(at=st.integers(1, 25))
def test_a_push_that_is_cut_off_is_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, version: Version, at: int
) -> None:
    """The API server goes away before any request of a push, and comes back."""
    folder = tmp_path_factory.mktemp("cut")
    with released(folder, package(folder), version=version) as cluster:
        changed = edited(folder)

        def gone(number: int) -> None:
            if number >= start + at:
                raise ConnectionError

        start, cluster.before = cluster.requests, gone
        assert main.main(["push", changed.path]) in {0, 1}
        cluster.before = lambda _: None
        assert main.main(["push", changed.path]) == 0
        assert cluster.read == {"platform": content(changed)}
        assert cluster.asked_registry == []


def test_an_api_server_that_goes_away_is_told(user: User, tmp_path: Path) -> None:
    def gone(_: int) -> None:
        raise ConnectionError

    user.cluster.before = gone
    ended = user("push", edited(tmp_path).path)
    assert (ended.status, ended.stdout) == (1, "")
    assert "does not answer" in ended.stderr
