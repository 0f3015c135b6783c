"""Tests of the states of pods and packages: caches from logs, health from conditions, reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from postrender.live import inventory, pods
from postrender.live.conditions import Condition
from postrender.live.revisions import ABSENT, State
from tests.shared import live_release
from tests.shared.live_release import DIGEST, PATH, VERSIONS, package

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.live.releases import Release

OLD, NEW = "1" * 64, "2" * 64


@pytest.mark.parametrize(
    ("log", "files"),
    [
        pytest.param([], {}, id="not-started"),
        pytest.param([f"unchanged a -> a.gz {OLD}"], {"a.gz": OLD}, id="at-the-start"),
        pytest.param(
            [f"unchanged a -> a.gz {OLD}", f"loaded a -> a.gz {NEW}"], {"a.gz": NEW}, id="replaced"
        ),
        pytest.param(
            [f"loaded a -> a.gz {OLD}", f"loaded a -> b.gz {NEW}", "unloaded a.gz"],
            {"b.gz": NEW},
            id="unloaded",
        ),
        pytest.param(
            [f"loaded a -> a.gz {OLD}", "crossplane-devcache: error: a.xz: damaged"],
            {"a.gz": OLD},
            id="an-error-changes-nothing",
        ),
    ],
)
def test_a_log_reports_the_files_in_the_cache(log: list[str], files: dict[str, str]) -> None:
    assert pods.cache_files(log) == files


@pytest.mark.parametrize(
    ("files", "lacks"),
    [({"a.gz": OLD}, False), ({"a.gz": NEW}, True), ({"b.gz": OLD}, True), ({}, False)],
)
def test_a_pod_lacks_files_that_its_log_does_not_report(
    files: dict[str, str], *, lacks: bool
) -> None:
    assert pods.Pod("crossplane-1", {"a.gz": OLD}).lacks(files) == lacks


def condition(kind: str, status: str, message: str = "") -> Condition:
    return Condition(kind, status, "SomeReason", message)


HEALTHY = (condition("Installed", "True"), condition("Healthy", "True"))
READ = (condition("RevisionHealthy", "True"),)
REFUSED = (condition("RevisionHealthy", "False", "cannot parse package contents"),)
PENDING = (condition("RevisionHealthy", "Unknown"),)
UNHEALTHY = (condition("Installed", "True"), condition("Healthy", "False", "no Deployment yet"))


@pytest.mark.parametrize(
    ("state", "is_read", "is_healthy", "trouble"),
    [
        pytest.param(ABSENT, False, False, "", id="absent"),
        pytest.param(State("a-1", "", HEALTHY, READ), True, True, "", id="healthy"),
        pytest.param(State("a-1", "", HEALTHY, PENDING), False, False, "", id="not-read-yet"),
        pytest.param(State("a-1", "", HEALTHY, ()), False, False, "", id="new"),
        pytest.param(
            State("a-1", "", UNHEALTHY, READ),
            True,
            False,
            "no Deployment yet",
            id="read-but-not-running",
        ),
        pytest.param(
            State("a-1", "", UNHEALTHY, REFUSED),
            False,
            False,
            "cannot parse package contents",
            id="refused",
        ),
    ],
)
def test_health_requires_that_the_package_was_read(
    state: State, *, is_read: bool, is_healthy: bool, trouble: str
) -> None:
    assert (state.is_read, state.is_healthy, state.trouble) == (is_read, is_healthy, trouble)


def test_a_failure_of_an_earlier_spec_is_not_a_refusal() -> None:
    failure = Condition("RevisionHealthy", "False", "", "cannot resolve", is_current=False)
    state = State("a-1", "", HEALTHY, (failure,))
    assert (state.refusal, state.is_read, state.is_healthy) == ("", False, False)


def test_a_pod_that_does_not_run_is_not_a_refusal_of_the_package() -> None:
    message = "post establish runtime hook failed for package: the deployment is unavailable"
    package = (condition("Installed", "True"), condition("Healthy", "False", message))
    state = State("a-1", "", package, (condition("Healthy", "False", message),))
    assert (state.refusal, state.is_healthy, state.trouble) == ("", False, message)
    assert replace(state, runtime="pod a-1: ErrImageNeverPull").trouble.startswith("pod a-1")


def release(folder: Path, version: Version) -> Release:
    return live_release.of(package(folder), version=version)


@VERSIONS
def test_the_reason_for_a_missing_file_names_the_expected_file_and_the_existing_ones(
    tmp_path: Path, version: Version
) -> None:
    live = release(tmp_path, version)
    [entry] = live.entries.values()
    state = State("a-1", "", UNHEALTHY, ())
    reason = inventory.reason(live, entry, state, {"crossplane-1": {"x.gz": OLD}})
    assert reason == f"Crossplane looks for {entry.file}, and pod crossplane-1 has x.gz"


def test_the_expected_file_is_that_of_the_resolved_digest(tmp_path: Path) -> None:
    live = release(tmp_path, DIGEST)
    [entry] = live.entries.values()
    resolved = f"registry.example.com/acme/platform@sha256:{OLD}"
    state = replace(ABSENT, resolved_package=resolved)
    caches = {"crossplane-1": {entry.file: entry.content}}
    reason = inventory.reason(live, entry, state, caches)
    assert "looks for registry-example-com-acme-platform-sha256-11111.gz" in reason
    assert reason.endswith(f"has {entry.file}")


@pytest.mark.parametrize(
    ("state", "install", "reason"),
    [
        pytest.param(
            State("a-1", "", UNHEALTHY, READ), True, "no Deployment yet", id="crossplane-message"
        ),
        pytest.param(
            ABSENT,
            True,
            "Crossplane has not reported on the package object yet",
            id="not-reconciled",
        ),
        pytest.param(ABSENT, False, "there is no package object", id="not-installed"),
    ],
)
def test_the_reason_for_an_unhealthy_package_with_its_file(
    tmp_path: Path, state: State, *, install: bool, reason: str
) -> None:
    live = release(tmp_path, PATH)
    [entry] = live.entries.values()
    caches = {"crossplane-1": {entry.file: entry.content}}
    assert inventory.reason(live, entry._replace(install=install), state, caches) == reason


def test_the_reason_may_be_that_no_pod_is_running(tmp_path: Path) -> None:
    live = release(tmp_path, PATH)
    [entry] = live.entries.values()
    assert inventory.reason(live, entry, ABSENT, {}) == "no pod of Crossplane is running"
