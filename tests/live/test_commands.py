"""Tests of push, unload and status as commands, against an API server on loopback."""

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
from postrender.declared.devcache import EMBEDDED, Settings
from postrender.interface import start_time
from postrender.live import health, pods
from tests.shared import live_release
from tests.shared.api_server import mapping, sequence, text
from tests.shared.command import schema
from tests.shared.fake_cluster import CONFIG_MAP, DEPLOYMENT, FakeCluster, condition, released
from tests.shared.live_release import DIGEST, VERSIONS, content, edited, package
from tests.shared.package_files import META, with_runtime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.manifests.nodes import Plain


@dataclass
class Result:
    """The result of a command."""

    status: int
    stdout: str
    stderr: str


@dataclass
class User:
    """A user with a kubeconfig of the cluster."""

    cluster: FakeCluster
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Result:
        status = main.main([str(argument) for argument in arguments])
        output = self.capture.readouterr()
        return Result(status, output.out, output.err)

    def report(self, command: str, *arguments: str | Path) -> dict[str, list[dict[str, str]]]:
        """Run a command that must succeed, and return its JSON report."""
        result = self(command, "--output=json", *arguments)
        assert (result.status, result.stderr) == (0, "")
        report: dict[str, list[dict[str, str]]] = json.loads(result.stdout)
        schema(command).validate(report)
        return report

    def push(self, *arguments: str | Path) -> dict[str, str]:
        """Push, and return the change of each package."""
        packages = self.report("push", *arguments)["packages"]
        return {package_["name"]: package_["change"] for package_ in packages}


@pytest.fixture(autouse=True)
def _short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_GRACE", 0.2)
    monkeypatch.setattr(health, "_CHECK_INTERVAL", 0.1)
    monkeypatch.setattr(pods, "_POKE_INTERVAL", 0.1)


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
        assert user.push(changed.path) == {"platform": "changed"}
        assert cluster.read["platform"] == content(changed) != before
        assert user.push(changed.path) == {"platform": "same"}
        assert cluster.registry_requests == []
        assert user.push(package(tmp_path).path) == {"platform": "changed"}
        assert cluster.read["platform"] == before


def test_a_push_reports_its_steps_with_their_durations(user: User, tmp_path: Path) -> None:
    result = user("push", edited(tmp_path).path)
    assert result.status == 0
    assert "platform  changed  the release" in result.stdout
    steps = ["started", "found the release", "read and packed", "updated the ConfigMap"]
    for step in [*steps, "copied by 1 pod", "told Crossplane", "read by Crossplane", "Healthy"]:
        assert f"\n{step}" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("pushed, ")


def test_the_start_of_the_command_is_a_step(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start of Python and its imports take as long as the rest of a push."""
    before = time.monotonic() - 1000
    monkeypatch.setattr(start_time, "monotonic", lambda: before)
    result = user("push", edited(tmp_path).path)
    table = result.stdout.partition("Steps\n")[2].splitlines()
    took = re.fullmatch(r"started +(\d+)\.\d\d s", table[1])
    total = re.fullmatch(r"pushed, (\d+)\.\d\d s in all", table[-1])
    assert took
    assert total
    assert int(total[1]) >= int(took[1]) >= 1000


def test_a_push_of_the_same_content_has_nothing_to_do(user: User, tmp_path: Path) -> None:
    before = user.cluster.objects[CONFIG_MAP]
    result = user("push", package(tmp_path).path)
    assert result.stdout.splitlines()[-1].startswith("nothing to do, ")
    assert user.cluster.objects[CONFIG_MAP] == before


def test_without_arguments_all_declared_packages_are_pushed(user: User, tmp_path: Path) -> None:
    edited(tmp_path, "network")
    assert user.push() == {"platform": "same", "network": "changed"}


def test_values_files_select_packages(user: User, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    declared = {
        "path": edited(tmp_path).path,
        "package": "registry.example.com/acme/platform:v0.1.0",
    }
    values.write_text(yaml.safe_dump({"devcache": {"packages": {"platform": declared}}}))
    assert user.push("-f", values) == {"platform": "changed"}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"spec": {"revisionHistoryLimit": 2}}, id="spec"),
        pytest.param({"install": False}, id="install"),
        pytest.param({"ignore": ["*.md"]}, id="ignore"),
    ],
)
def test_a_setting_that_needs_an_upgrade_is_refused(
    user: User, tmp_path: Path, other: dict[str, object]
) -> None:
    declared = {
        "path": edited(tmp_path).path,
        "package": "registry.example.com/acme/platform:v0.1.0",
    }
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"devcache": {"packages": {"platform": declared | other}}}))
    before = user.cluster.objects[CONFIG_MAP]
    result = user("push", "-f", values)
    assert result.status == 1
    assert "package platform: the release was rendered with another image" in result.stderr
    assert user.cluster.objects[CONFIG_MAP] == before


@pytest.mark.parametrize("command", ["push", "watch"])
def test_a_release_without_packages_has_nothing_to_push(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with released(tmp_path) as cluster:
        result = User(cluster, capsys)(command)
        assert result.status == 1
        assert "there is nothing to push" in result.stderr
        assert "hint: name a package directory" in result.stderr


@pytest.mark.parametrize("name", ["my.platform", "my_platform"])
def test_an_invalid_name_of_a_package_object_is_refused(
    user: User, tmp_path: Path, name: str
) -> None:
    before = user.cluster.objects[CONFIG_MAP]
    result = user("push", package(tmp_path, name).path)
    assert result.status == 1
    assert f'"{name}" is not a DNS-1123 label' in result.stderr
    assert user.cluster.objects[CONFIG_MAP] == before, "the cluster is unchanged"


def test_defaults_of_the_api_server_are_not_a_change(user: User, tmp_path: Path) -> None:
    function = META.replace(b"Configuration", b"Function").replace(b"platform", b"zones")
    declared = {
        "path": package(tmp_path, "zones", function).path,
        "runtimeImage": "registry.example.com/acme/zones:v0.1.0",
    }
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"devcache": {"packages": {"zones": declared}}}))
    assert user.push("-f", values) == {"zones": "new"}
    assert user("push", "-f", values).stdout.splitlines()[-1].startswith("nothing to do, ")


@VERSIONS
def test_an_undeclared_package_remains_until_it_is_unloaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    with released(tmp_path, package(tmp_path), version=version) as cluster:
        user, before = User(cluster, capsys), set(cluster.objects)
        extra = package(tmp_path, "extra")
        assert user.push(extra.path) == {"extra": "new"}
        labels = mapping(cluster.objects["configurations", "extra"], "metadata", "labels")
        assert labels["crossplane-devcache/pushed"] == "true"
        cluster.helm_upgrade(package(tmp_path), version=version)
        assert "extra.pushed.xz" in cluster.data("pushed")
        assert user.push(edited(tmp_path, "extra").path) == {"extra": "changed"}
        assert cluster.read["extra"] == content(edited(tmp_path, "extra"))

        result = user("unload", "extra")
        assert (result.status, result.stdout.split(",")[0]) == (0, "unloaded extra")
        changed = {resource for resource, _ in before ^ set(cluster.objects)}
        others = {"pods", "events", "compositeresourcedefinitions"}
        assert {resource for resource in changed - others if "revision" not in resource} == set()
        assert cluster.data("pushed") == cluster.data("pushed.json") == ""
        owners = sequence(cluster.objects[CONFIG_MAP], "metadata", "managedFields")
        # Helm 4 could not add a key to an empty map of another field manager.
        assert {text(owner, "manager") for owner in owners} == {"helm"}


@VERSIONS
def test_an_upgrade_reverts_pushes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    with released(tmp_path, package(tmp_path), version=version) as cluster:
        user, before = User(cluster, capsys), cluster.data("packages.json")
        for edit in ("1", "2"):
            user.push(edited(tmp_path, edit=edit).path)
        assert cluster.data("packages.json") != before
        cluster.helm_upgrade(package(tmp_path), version=version)
        assert cluster.data("packages.json") == before


@VERSIONS
def test_a_push_completes_the_upgrade_of_helm_3_that_declares_a_pushed_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    with released(tmp_path, package(tmp_path), version=version) as cluster:
        user, extra = User(cluster, capsys), package(tmp_path, "extra")
        user.push(extra.path)
        keys = ("configurations", "extra"), ("imageconfigs", "devcache-extra")
        pushed = {key: cluster.objects[key] for key in keys if key in cluster.objects}
        cluster.helm_upgrade(package(tmp_path), extra, version=version)
        for key, unchanged in pushed.items():  # Helm 3 adopts a custom resource without a change
            cluster.replace(key, unchanged)

        assert user.push(extra.path) == {"extra": "same"}
        configuration = cluster.objects["configurations", "extra"]
        assert text(configuration, "spec", "package") == extra.reference.text
        labels = mapping(configuration, "metadata", "labels")
        assert "crossplane-devcache/pushed" not in labels
        assert user("unload", "extra").status == 1


def test_a_push_waits_for_all_pods_and_names_those_that_lag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with released(tmp_path, package(tmp_path), pods=3) as cluster:
        cluster.lagging = {"crossplane-2"}
        result = User(cluster, capsys)("push", "--timeout=0.5", edited(tmp_path).path)
        assert result.status == 1
        assert "not loaded by pod crossplane-2" in result.stderr
        assert "crossplane-1" not in result.stderr
        cluster.lagging = set()
        next_result = User(cluster, capsys)("push", edited(tmp_path).path)
        assert "copied by 3 pods" in next_result.stdout
        assert cluster.read["platform"] == content(edited(tmp_path))


def test_a_push_waits_for_a_pod_that_replaces_another_one(user: User, tmp_path: Path) -> None:
    cluster = user.cluster
    cluster.lagging = {"crossplane-1"}

    def replace_pod(number: int) -> None:
        if number == at + 25:
            cluster.delete_pod("crossplane-1")
            cluster.start_pod("crossplane-7")

    at, cluster.before_request = cluster.request_count, replace_pod
    assert user.push(edited(tmp_path).path) == {"platform": "changed"}
    assert cluster.read["platform"] == content(edited(tmp_path))


def test_the_error_for_a_refused_package_has_the_message_of_crossplane(
    user: User, tmp_path: Path
) -> None:
    bad = edited(tmp_path)
    user.cluster.refused_contents = {content(bad): "cannot establish control of object"}
    result = user("push", bad.path)
    assert result.status == 1
    assert (
        "package platform: Crossplane does not accept it: cannot establish control" in result.stderr
    )
    next_result = user("push", bad.path)
    assert (next_result.status, next_result.stdout) == (1, ""), "the content is the same"
    assert "cannot establish control" in next_result.stderr
    assert user.push(edited(tmp_path, edit="2").path) == {"platform": "changed"}


@pytest.mark.parametrize(
    "message",
    [
        "cannot resolve package dependencies: missing dependencies",
        "cannot establish control of object: a is already controlled by b",
        "waiting for package runtime controller to set revision's webhook TLS secret",
    ],
)
def test_a_refusal_that_resolves_itself_is_awaited(
    user: User, tmp_path: Path, message: str
) -> None:
    slow = edited(tmp_path)
    user.cluster.refused_contents = {content(slow): message}
    result = user("push", slow.path, "--timeout=1")
    assert f"timed out after 1 s: platform is not Healthy ({message})" in result.stderr


def test_an_api_that_the_cluster_rejects_is_an_error(user: User, tmp_path: Path) -> None:
    """Crossplane reports the package as healthy."""
    bad = edited(tmp_path)
    user.cluster.rejected_apis = {content(bad): "type: Unsupported value"}
    problem = "CompositeResourceDefinition xplatform-"
    result = user("push", bad.path)
    assert (result.status, result.stdout) == (1, "")
    assert "package platform: the cluster does not accept an API of it: " in result.stderr
    assert f"{problem}" in result.stderr
    assert "type: Unsupported value" in result.stderr
    assert "the previous CRD, if any, is still installed" in result.stderr
    output = user("status").stdout
    assert f" {problem}" in output
    assert "packages: 2, healthy: 1, pods: 1" in output
    assert user.push(edited(tmp_path, edit="2").path) == {"platform": "changed"}


def runtime_images(cluster: FakeCluster) -> set[str]:
    """Return the images that the pods of runtimes run."""
    return {
        text(container, "image")
        for (resource, name), pod in cluster.objects.items()
        if resource == "pods" and name.endswith("-pod")
        for container in sequence(pod, "spec", "containers")
    }


@VERSIONS
def test_a_rebuilt_file_runs_its_new_runtime_and_an_upgrade_goes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    path = with_runtime(tmp_path / "zones.xpkg")
    declared = package(tmp_path, "zones")._replace(path=str(path), settings=Settings(EMBEDDED))
    [before] = live_release.local_packages(declared)
    with released(tmp_path, declared, version=version) as cluster:
        cluster.react()
        assert runtime_images(cluster) == {before.runtime_image}
        user, archive = User(cluster, capsys), tmp_path / "archive"
        loader = f"--loader=sh -c 'cat >{archive}'"
        with_runtime(path, b"rebuilt")
        [after] = live_release.local_packages(declared)
        result = user("push", "--output=json", loader, path)
        assert (result.status, result.stderr) == (0, "")
        assert after.runtime_image in runtime_images(cluster)
        assert after.runtime_image.encode() in archive.read_bytes()
        archive.unlink()
        cluster.objects["nodes", "node"] = {
            "metadata": {"name": "node"},
            "status": {
                "images": [{"names": [after.runtime_image]}],
                "nodeInfo": {"operatingSystem": "linux", "architecture": "amd64"},
            },
        }
        assert user("push", path).stdout.splitlines()[-1].startswith("nothing to do")
        assert not archive.exists(), "an image that is there is not sent again"


def test_an_undeclared_file_with_a_runtime_runs_it(user: User, tmp_path: Path) -> None:
    path = with_runtime(tmp_path / "zones.xpkg")
    loader = f"--loader=sh -c 'cat >{tmp_path / 'archive'}'"
    result = user("push", loader, path)
    assert (result.status, result.stderr) == (0, "")
    [image] = runtime_images(user.cluster)
    assert image.startswith("xpkg.devcache.local/zones:")
    assert user("unload", "zones").status == 0


def test_a_push_waits_while_a_condition_is_about_an_earlier_spec(
    user: User, tmp_path: Path
) -> None:
    [key] = [key for key in user.cluster.objects if key[1].startswith("platform-")]
    revision = user.cluster.objects[key]
    stale = condition("RevisionHealthy", "False", "cannot resolve") | {"observedGeneration": 1}
    metadata: dict[str, Plain] = {**mapping(revision, "metadata"), "generation": 2}
    user.cluster.replace(key, {"metadata": metadata, "status": {"conditions": [stale]}})
    at = user.cluster.request_count

    def recover(number: int) -> None:
        if number == at + 30:  # much later than the failure would count as a refusal
            user.cluster.replace(key, revision)

    user.cluster.before_request = recover
    assert user.push(package(tmp_path).path) == {"platform": "same"}


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
def test_a_push_that_lacks_a_permission_names_it_and_can_be_resumed(
    user: User, tmp_path: Path, verb: str, resource: str
) -> None:
    message = f'User "jane" cannot {verb} resource "{resource}"'
    user.cluster.refusals = {(verb, resource): (403, message)}
    result = user("push", edited(tmp_path).path)
    assert (result.status, result.stdout) == (1, "")
    assert f"not permitted: {message}" in result.stderr
    user.cluster.refusals = {}
    user.push(edited(tmp_path).path)
    assert user.cluster.read["platform"] == content(edited(tmp_path))


def test_the_error_for_a_release_without_live_mode_names_the_setting(
    user: User, tmp_path: Path
) -> None:
    user.cluster.objects[CONFIG_MAP] = {
        **user.cluster.objects[CONFIG_MAP],
        "data": {"index": "", "copier.sh": ""},
    }
    result = user("push", package(tmp_path).path)
    assert result.status == 1
    assert "live mode is off\nhint: set devcache.live to true" in result.stderr


def test_a_missing_release_is_an_error(user: User) -> None:
    del user.cluster.objects[CONFIG_MAP]
    result = user("status")
    assert result.status == 1
    assert "there is no release of crossplane-devcache" in result.stderr


def test_a_kubernetes_without_sidecars_is_an_error(user: User, tmp_path: Path) -> None:
    deployment = json.loads(json.dumps(user.cluster.objects[DEPLOYMENT]))
    del deployment["spec"]["template"]["spec"]["initContainers"][0]["restartPolicy"]
    user.cluster.objects[DEPLOYMENT] = deployment
    result = user("push", package(tmp_path).path)
    assert "this Kubernetes version does not support sidecars" in result.stderr
    assert "use Kubernetes 1.29 or later" in result.stderr


def test_a_name_of_an_existing_object_is_refused(user: User, tmp_path: Path) -> None:
    user.cluster.objects["configurations", "extra"] = {
        "metadata": {"name": "extra"},
        "spec": {"package": "a.b/c/d:v1"},
    }
    before = user.cluster.objects[CONFIG_MAP]
    result = user("push", package(tmp_path, "extra").path)
    assert 'package extra: the cluster already has a Configuration "extra"' in result.stderr
    assert user.cluster.objects[CONFIG_MAP] == before, "the cluster is unchanged"


def test_an_edited_config_map_is_an_error(user: User, tmp_path: Path) -> None:
    data = user.cluster.objects[CONFIG_MAP]["data"]
    assert isinstance(data, dict)
    data["index"] = ""
    result = user("push", edited(tmp_path).path)
    assert result.status == 1
    assert "is incomplete: somebody has edited it" in result.stderr


def test_status_reports_each_package(user: User, tmp_path: Path) -> None:
    user.push(package(tmp_path, "extra").path)
    user.push(edited(tmp_path).path)
    edited(tmp_path, "network")
    items = user.report("status")["packages"]
    assert {item["name"]: (item["origin"], item["disk"]) for item in items} == {
        "extra": ("pushed", "unknown"),
        "network": ("release", "differs"),
        "platform": ("release, pushed over", "same"),
    }
    assert all(item["healthy"] for item in items)
    assert "packages: 3, healthy: 3, pods: 1" in user("status").stdout


def test_status_reports_why_a_package_is_not_healthy(user: User, tmp_path: Path) -> None:
    bad = edited(tmp_path)
    user.cluster.refused_contents = {content(bad): "cannot establish control of object"}
    user("push", bad.path)
    output = user("status").stdout
    assert "cannot establish control of object" in output
    assert "packages: 2, healthy: 1, pods: 1" in output


@VERSIONS
def test_status_reports_that_crossplane_has_an_older_content(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: Version
) -> None:
    with released(tmp_path, package(tmp_path), version=version) as cluster:
        user, changed = User(cluster, capsys), edited(tmp_path)
        refusal = ("list", "pods") if version == DIGEST else ("patch", "configurationrevisions")
        cluster.refusals = {refusal: (403, "no")}
        assert user("push", changed.path).status == 1, "but it has updated the ConfigMap"
        cluster.refusals = {}
        output = user("status").stdout
        assert "Crossplane has an older content: push it again" in output
        assert "packages: 1, healthy: 0, pods: 1" in output


def test_a_pushed_package_is_unloaded_without_the_crd_of_image_configs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with released(tmp_path, package(tmp_path), version=Version(1, 14)) as cluster:
        cluster.missing_resources = {"imageconfigs", "deploymentruntimeconfigs"}
        user = User(cluster, capsys)
        assert user.push(package(tmp_path, "extra").path) == {"extra": "new"}
        assert user("unload", "extra").status == 0
        assert "extra" not in cluster.data("pushed.json")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("platform", 'the release declares "platform"'),
        ("none", 'no push has added a package "none"'),
    ],
)
def test_only_a_pushed_package_can_be_unloaded(user: User, name: str, problem: str) -> None:
    result = user("unload", name)
    assert result.status == 1
    assert problem in result.stderr


@dataclass
class Pair:
    """Two packages, edited by two users."""

    folder: Path
    contents: dict[str, dict[str, str]] = field(default_factory=dict)

    def paths(self, user: str) -> list[str]:
        declarations = [edited(self.folder / user, name, user) for name in ("platform", "network")]
        self.contents[user] = {item.name: content(item) for item in declarations}
        return [item.path for item in declarations]


def recorded_contents(cluster: FakeCluster) -> dict[str, str]:
    """Return the contents in the record of the ConfigMap, by package."""
    packages = json.loads(cluster.data("packages.json"))["packages"]
    return {name: entry["content"] for name, entry in packages.items()}


@VERSIONS
@settings(max_examples=8, deadline=None)
@given(at=st.integers(1, 25))
def test_one_of_two_concurrent_pushes_is_complete(
    tmp_path_factory: pytest.TempPathFactory, version: Version, at: int
) -> None:
    """The second push runs between any two requests of the first one."""
    folder = tmp_path_factory.mktemp("two")
    pair = Pair(folder)
    first, second = pair.paths("first"), pair.paths("second")
    with released(folder, package(folder), package(folder, "network"), version=version) as cluster:
        result: list[int] = []

        def between(number: int) -> None:
            if number == start + at:
                result.append(main.main(["push", *second]))

        start, cluster.before_request = cluster.request_count, between
        status = main.main(["push", *first])
        contents = recorded_contents(cluster)
        assert contents in pair.contents.values(), "no mixture"
        assert cluster.read == contents
        assert (result, status) in [([], 0), ([0], 0), ([0], 1)]
        assert status == 0 or contents == pair.contents["second"], "a failed push was replaced"
        assert cluster.registry_requests == []


@VERSIONS
@settings(max_examples=8, deadline=None)
@given(at=st.integers(1, 25))
def test_an_overtaken_push_still_delivers_its_other_packages(
    tmp_path_factory: pytest.TempPathFactory, version: Version, at: int
) -> None:
    """The second push, of one package, runs between any two requests of the first one."""
    folder = tmp_path_factory.mktemp("one")
    pair = Pair(folder)
    first, second = pair.paths("first"), pair.paths("second")
    with released(folder, package(folder), package(folder, "network"), version=version) as cluster:

        def between(number: int) -> None:
            if number == start + at:
                assert main.main(["push", second[0]]) == 0

        start, cluster.before_request = cluster.request_count, between
        main.main(["push", *first])
        assert cluster.read == recorded_contents(cluster)
        assert cluster.read["network"] == pair.contents["first"]["network"]
        assert cluster.registry_requests == []


@VERSIONS
@settings(max_examples=8, deadline=None)
@given(at=st.integers(1, 25))
def test_an_interrupted_push_is_resumed(
    tmp_path_factory: pytest.TempPathFactory, version: Version, at: int
) -> None:
    """The API server does not answer from any request of a push on, and then answers again."""
    folder = tmp_path_factory.mktemp("cut")
    with released(folder, package(folder), version=version) as cluster:
        changed = edited(folder)

        def refuse(number: int) -> None:
            if number >= start + at:
                raise ConnectionError

        start, cluster.before_request = cluster.request_count, refuse
        assert main.main(["push", changed.path]) in {0, 1}
        cluster.before_request = lambda _: None
        assert main.main(["push", changed.path]) == 0
        assert cluster.read == {"platform": content(changed)}
        assert cluster.registry_requests == []


def test_an_api_server_that_does_not_answer_is_an_error(user: User, tmp_path: Path) -> None:
    def refuse(_: int) -> None:
        raise ConnectionError

    user.cluster.before_request = refuse
    result = user("push", edited(tmp_path).path)
    assert (result.status, result.stdout) == (1, "")
    assert "does not answer" in result.stderr
