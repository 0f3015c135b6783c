"""What is read from pods and revisions: caches from logs, health from conditions, reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from postrender.live import inventory, pods
from postrender.live.revisions import NOTHING, Condition, State
from tests.shared import live_release
from tests.shared.live_release import DIGEST, PATH, VERSIONS, package

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.crossplane.versions import Version
    from postrender.live.releases import Release

ONE, TWO = "1" * 64, "2" * 64


@pytest.mark.parametrize(
    ("log", "cached"),
    [
        pytest.param([], {}, id="it-has-not-started"),
        pytest.param([f"unchanged a -> a.gz {ONE}"], {"a.gz": ONE}, id="as-it-starts"),
        pytest.param(
            [f"unchanged a -> a.gz {ONE}", f"loaded a -> a.gz {TWO}"], {"a.gz": TWO}, id="replaced"
        ),
        pytest.param(
            [f"loaded a -> a.gz {ONE}", f"loaded a -> b.gz {TWO}", "unloaded a.gz"],
            {"b.gz": TWO},
            id="unloaded",
        ),
        pytest.param(
            [f"loaded a -> a.gz {ONE}", "crossplane-devcache: error: a.xz: damaged"],
            {"a.gz": ONE},
            id="an-error-changes-nothing",
        ),
    ],
)
def test_a_log_tells_what_is_cached(log: list[str], cached: dict[str, str]) -> None:
    assert pods.cached(log) == cached


@pytest.mark.parametrize(
    ("wanted", "lacks"),
    [({"a.gz": ONE}, False), ({"a.gz": TWO}, True), ({"b.gz": ONE}, True), ({}, False)],
)
def test_a_pod_lacks_what_it_has_not_said(wanted: dict[str, str], *, lacks: bool) -> None:
    assert pods.Pod("crossplane-1", {"a.gz": ONE}).lacks(wanted) == lacks


def condition(kind: str, status: str, message: str = "") -> Condition:
    return Condition(kind, status, "SomeReason", message)


WELL = (condition("Installed", "True"), condition("Healthy", "True"))
READ = (condition("RevisionHealthy", "True"),)
REFUSED = (condition("RevisionHealthy", "False", "cannot parse package contents"),)
WAITING = (condition("RevisionHealthy", "Unknown"),)
ILL = (condition("Installed", "True"), condition("Healthy", "False", "no Deployment yet"))


@pytest.mark.parametrize(
    ("state", "is_read", "is_healthy", "trouble"),
    [
        pytest.param(NOTHING, False, False, "", id="not-there"),
        pytest.param(State("a-1", "", WELL, READ), True, True, "", id="well"),
        pytest.param(State("a-1", "", WELL, WAITING), False, False, "", id="not-read-yet"),
        pytest.param(State("a-1", "", WELL, ()), False, False, "", id="new"),
        pytest.param(
            State("a-1", "", ILL, READ), True, False, "no Deployment yet", id="read-but-not-running"
        ),
        pytest.param(
            State("a-1", "", ILL, REFUSED),
            False,
            False,
            "cannot parse package contents",
            id="refused",
        ),
    ],
)
def test_health_is_that_of_what_was_read(
    state: State, *, is_read: bool, is_healthy: bool, trouble: str
) -> None:
    assert (state.is_read, state.is_healthy, state.trouble) == (is_read, is_healthy, trouble)


def test_a_failure_of_an_earlier_spec_is_no_refusal() -> None:
    earlier = Condition("RevisionHealthy", "False", "", "cannot resolve", is_current=False)
    state = State("a-1", "", WELL, (earlier,))
    assert (state.refusal, state.is_read, state.is_healthy) == ("", False, False)


def release(folder: Path, version: Version) -> Release:
    return live_release.of(package(folder), version=version)


@VERSIONS
def test_a_missing_file_is_the_reason_with_key_expected_and_key_present(
    tmp_path: Path, version: Version
) -> None:
    found = release(tmp_path, version)
    [entry] = found.entries.values()
    said = inventory.why(found, entry, State("a-1", "", ILL, ()), {"crossplane-1": {"x.gz": ONE}})
    assert said == f"Crossplane looks for {entry.file}, and pod crossplane-1 has x.gz"


def test_the_key_is_that_of_what_the_tag_is_resolved_to(tmp_path: Path) -> None:
    found = release(tmp_path, DIGEST)
    [entry] = found.entries.values()
    state = replace(NOTHING, resolved=f"registry.example.com/acme/platform@sha256:{ONE}")
    cached = {entry.file: entry.content}
    said = inventory.why(found, entry, state, {"crossplane-1": cached})
    assert "looks for registry-example-com-acme-platform-sha256-11111.gz" in said
    assert said.endswith(f"has {entry.file}")


@pytest.mark.parametrize(
    ("state", "install", "reason"),
    [
        pytest.param(State("a-1", "", ILL, READ), True, "no Deployment yet", id="its-own-words"),
        pytest.param(NOTHING, True, "Crossplane has not seen it", id="not-seen"),
        pytest.param(NOTHING, False, "there is no package object", id="nobody-installs-it"),
    ],
)
def test_why_a_package_with_its_file_is_not_healthy(
    tmp_path: Path, state: State, *, install: bool, reason: str
) -> None:
    found = release(tmp_path, PATH)
    [entry] = found.entries.values()
    caches = {"crossplane-1": {entry.file: entry.content}}
    assert inventory.why(found, entry._replace(install=install), state, caches) == reason


def test_without_a_pod_that_is_the_reason(tmp_path: Path) -> None:
    found = release(tmp_path, PATH)
    [entry] = found.entries.values()
    assert inventory.why(found, entry, NOTHING, {}) == "no pod of Crossplane runs"
