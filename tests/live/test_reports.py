"""Tests of the reports of push and status, and of the view of watch: as text and as JSON."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from postrender.cli import display
from postrender.commands import push as push_command
from postrender.commands import status as status_command
from postrender.interface.progress import Row, View
from postrender.live import plan
from postrender.live.conditions import Condition
from postrender.live.inventory import Inventory, Item
from postrender.live.pods import Pod
from postrender.live.push import Outcome, PackageOutcome
from postrender.live.revisions import ABSENT, State
from tests.shared import live_release
from tests.shared.command import schema
from tests.shared.live_release import package

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.interface.report import Report

HEALTHY = State(
    "platform-1",
    "",
    (Condition("Installed", "True", "", ""), Condition("Healthy", "True", "", "")),
    (Condition("RevisionHealthy", "True", "", ""),),
)
UNHEALTHY = State("platform-1", "", (Condition("Healthy", "False", "", "no \x1b[31mway"),), ())


def text_of(report: Report, command: str) -> str:
    """Return the text of a report, after validating its JSON against the schema."""
    schema(command).validate(json.loads(display.as_json(report)))
    return display.as_text(report, terminal=False)


def test_a_push_reports_each_package_and_the_duration_of_its_steps(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path, "platform"))
    packages = live_release.local_packages(
        package(tmp_path, "platform"), package(tmp_path, "extra")
    )
    same, new = plan.push(release, packages).changes
    outcome = Outcome(
        (PackageOutcome(same, HEALTHY), PackageOutcome(new, HEALTHY)),
        (("read", 0.5), ("Healthy", 1.0)),
        did_nothing=False,
    )
    text = text_of(push_command.report(outcome), "push")
    assert "platform  the same  the release     platform-1  Healthy\n" in text
    assert "extra     new       nobody: pushed  platform-1  Healthy\n" in text
    assert text.endswith("pushed, 1.50 s in all\n")


def test_a_push_without_changes_has_nothing_to_do(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path, "platform"))
    [same] = plan.push(release, live_release.local_packages(package(tmp_path, "platform"))).changes
    outcome = Outcome((PackageOutcome(same, HEALTHY),), (("read", 0.5),), did_nothing=True)
    assert text_of(push_command.report(outcome), "push").endswith("nothing to do, 0.50 s in all\n")


@pytest.mark.parametrize(
    ("state", "trouble", "row"),
    [
        pytest.param(HEALTHY, "", "Healthy", id="healthy"),
        pytest.param(UNHEALTHY, "no \x1b[31mway", "no \\x1b[31mway", id="escaped"),
        pytest.param(
            ABSENT,
            "no pod of Crossplane is running",
            "no pod of Crossplane is running",
            id="reason",
        ),
    ],
)
def test_status_reports_the_state_or_the_reason(
    tmp_path: Path, state: State, trouble: str, row: str
) -> None:
    [entry] = live_release.of(package(tmp_path, "platform")).entries.values()
    items = (Item(entry, "differs", ("crossplane-2",), state, trouble),)
    pods = (Pod("crossplane-1", {entry.file: entry.content}), Pod("crossplane-2"))
    text = text_of(status_command.report(Inventory(items, pods)), "status")
    assert "release  differs  1 of 2, not in crossplane-2" in text
    assert f"crossplane-1  {entry.file}  {entry.content[:12]}...\n" in text
    assert f"{row}\n" in text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


ROW = Row("platform", "platform-1", "Healthy", "12:00:00", "1.2 s (0.8 s: read by Crossplane)")


def test_a_terminal_shows_a_table_that_is_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    with display.view(terminal) as show:
        show(View((Row("platform"),), "reading [/] packages"))
        assert "reading [/] packages" in terminal.getvalue()
        show(View((ROW, Row("network", state="bad \x1b[31mname")), ""))
    screen = terminal.getvalue()
    for cell in ("PACKAGE", "platform-1", "12:00:00", "1.2 s (0.8 s: read by Crossplane)"):
        assert cell in screen
    assert "bad \\x1b[31mname" in screen
    assert "press Ctrl-C to stop" in screen


def test_without_a_terminal_each_change_is_one_line() -> None:
    stream = io.StringIO()
    with display.view(stream) as show:
        for step in ("reading packages", "waiting", ""):
            show(View((ROW, Row("network")), step))
    line = "12:00:00  platform  platform-1  Healthy  1.2 s (0.8 s: read by Crossplane)\n"
    assert stream.getvalue() == line


def test_without_a_terminal_steps_and_changes_are_lines_of_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with display.screen(io.StringIO()) as screen:
        screen.tell("helm upgrade \x1b[31m")
        for duration in ("1 s", "2 s"):
            screen.show(View((Row("platform", state="starting", duration=duration),), "waiting"))
        screen.show(View((Row("platform", state="Healthy", duration="3 s"),), "waiting"))
    output = capsys.readouterr()
    assert output.out == ""
    lines = ["helm upgrade \\x1b[31m", "platform  starting  1 s", "platform  Healthy  3 s"]
    assert output.err.splitlines() == lines


def test_a_terminal_shows_steps_above_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    with display.screen(terminal) as screen:
        screen.tell("helm upgrade [/]")
        screen.show(View((Row("platform", state="starting"),), "waiting"))
    assert terminal.getvalue().index("helm upgrade [/]") < terminal.getvalue().index("starting")
