"""The parts of `make cluster` that need no running node."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from tests.cluster import cgroups, namespaces, state
from tests.cluster.state import State
from tests.cluster.trouble import ClusterError

pytestmark = pytest.mark.linux  # the node runs Linux

CONTROLLERS = "cpuset cpu io memory hugetlb pids rdma misc"


@pytest.mark.parametrize("folder", ["", "/elsewhere"], ids=["default folder", "another folder"])
def test_two_nodes_share_no_names_folders_or_addresses(
    monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv(state.FOLDER, folder)
    previous: set[object] = set()
    for number in state.NUMBERS:
        monkeypatch.setenv(state.NUMBER, str(number))
        at = state.default()
        assert str(at.root).startswith(folder)
        cable = ipaddress.ip_interface(f"{at.gateway}/{state.CABLE}").network
        assert ipaddress.ip_address(at.node) in cable.hosts()
        resources = {at.root, at.link, at.cgroup, at.gateway, at.node, cable}
        assert not resources & previous
        previous |= resources


def test_a_suite_may_run_beside_a_users_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(state.NUMBER, raising=False)
    monkeypatch.delenv(state.FOLDER, raising=False)
    assert state.default().root != state.suite().root
    assert state.default().link != state.suite().link


@pytest.mark.parametrize("number", ["-1", "64", "one", "01", "1 "])
def test_an_invalid_number_is_refused(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    monkeypatch.setenv(state.NUMBER, number)
    with pytest.raises(ClusterError, match="from 0 to 63"):
        state.default()


@pytest.mark.parametrize("place", ["/run/cluster", "/var/lib/ci/cluster", "/var/log"])
def test_a_folder_below_a_mount_of_the_node_is_refused(place: str) -> None:
    with pytest.raises(ClusterError, match="has its own"):
        namespaces.check(Path(place))


def test_cgroup_v2_gives_kubelet_its_controllers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cgroups, "MOUNT", tmp_path)
    (tmp_path / "cgroup.controllers").write_text(f"{CONTROLLERS}\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory pids\n")
    (tmp_path / "system.slice").mkdir()
    at = State(tmp_path / "files", 5)
    cgroups.make(at.cgroup)
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpuset +hugetlb"
    folders = {path.name for path in tmp_path.rglob("*") if path.is_dir()}
    assert folders == {"system.slice", at.cgroup}, "no cgroup below the other cgroups"


def test_a_cgroup_is_created_in_each_hierarchy_and_removed_when_empty(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cgroups, "MOUNT", tmp_path)
    (tmp_path / "cpu,cpuacct").mkdir()
    (tmp_path / "cpu").symlink_to("cpu,cpuacct")
    (tmp_path / "memory").mkdir()
    cgroups.make("one")
    (tmp_path / "memory" / "one" / "kubepods" / "pod").mkdir(parents=True)
    assert sorted(tmp_path.glob("*/one")) == [
        tmp_path / name / "one" for name in ("cpu", "cpu,cpuacct", "memory")
    ]
    cgroups.check("one")
    assert not list(tmp_path.glob("*/one"))


def test_a_cgroup_in_use_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cgroups, "MOUNT", tmp_path)
    inside = tmp_path / "memory" / "one" / "kubepods"
    inside.mkdir(parents=True)
    (inside / "cgroup.procs").write_text("17\n")
    with pytest.raises(ClusterError, match="kubepods"):
        cgroups.check("one")
