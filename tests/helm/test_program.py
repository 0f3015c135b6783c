"""Tests of the runs of helm, with a stand-in on the PATH."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from postrender.helm import history, program
from tests.shared import stand_in_helm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shared.stand_in_helm import StandInHelm


@pytest.fixture
def helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandInHelm:
    return stand_in_helm.install(tmp_path / "bin", monkeypatch)


def test_the_context_and_the_namespace_reach_helm(helm: StandInHelm, tmp_path: Path) -> None:
    helm_program = program.find("kind", "here", tmp_path)
    assert helm_program.target == ("--namespace", "here", "--kube-context", "kind")
    assert history.last(helm_program, "crossplane") is None
    lines = (helm.folder / "log").read_text().splitlines()
    assert json.loads(lines[-1])[:6] == ["history", "crossplane", *helm_program.target]


@pytest.mark.parametrize(
    ("chart", "name", "version"),
    [
        ("crossplane-2.4.2", "crossplane", "2.4.2"),
        ("crossplane-devcache-0.1.0", "crossplane-devcache", "0.1.0"),
        ("crossplane-1.20.13-up.1", "crossplane", "1.20.13-up.1"),
        ("nameless", "nameless", ""),
    ],
)
def test_the_chart_of_a_release_is_its_name_and_version(
    helm: StandInHelm, tmp_path: Path, chart: str, name: str, version: str
) -> None:
    helm.set_release(chart=chart, updated="2026-11-29T13:00:00.123456789+01:00")
    revision = history.last(program.find("", "here", tmp_path), "crossplane")
    assert revision
    assert (revision.chart, revision.chart_version) == (name, version)
    assert revision.updated == 1795953600


def test_another_failure_than_a_missing_release_is_shown(helm: StandInHelm, tmp_path: Path) -> None:
    helm.fail("history", "Error: no access")
    with pytest.raises(program.HelmError, match="no access"):
        history.last(program.find("", "here", tmp_path), "crossplane")


def test_the_post_renderer_is_this_helm_programfrom_any_folder(
    helm: StandInHelm, tmp_path: Path
) -> None:
    (tmp_path / "postrender.py").write_text("raise SystemExit('the wrong program')\n")
    helm_program = program.find("", "here", tmp_path)
    assert helm.runs == []
    run = subprocess.run(
        ["crossplane-devcache", "--version"],
        cwd=tmp_path,
        env=dict(helm_program.environment),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr


_INTERRUPTED = """
import sys
from pathlib import Path
from postrender.helm import program
helm = program.find("", "here", Path(sys.argv[1]))
try:
    program.run(helm, ["upgrade"], lambda line: print(line, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""

_SLOW = """#!/bin/sh
case $1 in
  version) echo v3.22.0 ;;
  upgrade)
    trap 'echo recorded >"{file}"; exit 1' INT
    echo started >&2
    while :; do sleep 0.1; done ;;
esac
"""


def test_helm_records_an_interrupt_before_the_command_ends(
    helm: StandInHelm, tmp_path: Path
) -> None:
    file = tmp_path / "record"
    (helm.folder / "helm").write_text(_SLOW.format(file=file))
    with subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-c", _INTERRUPTED, str(tmp_path)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ,
    ) as popen:
        assert popen.stdout
        assert popen.stdout.readline() == "helm: started\n"
        popen.send_signal(signal.SIGINT)
        assert popen.stdout.readline() == "interrupted\n"
    assert file.read_text() == "recorded\n"
