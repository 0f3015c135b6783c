"""What push and status tell, for people and as JSON."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from postrender.cli import display
from postrender.commands import push as push_command
from postrender.commands import status as status_command
from postrender.live import plan
from postrender.live.inventory import Inventory, Item
from postrender.live.pods import Pod
from postrender.live.push import Outcome, Pushed
from postrender.live.revisions import NOTHING, Condition, State
from postrender.live.watch import Row, View
from tests.shared import live_release
from tests.shared.command import schema
from tests.shared.live_release import package

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.interface.report import Report

WELL = State(
    "platform-1",
    "",
    (Condition("Installed", "True", "", ""), Condition("Healthy", "True", "", "")),
    (Condition("RevisionHealthy", "True", "", ""),),
)
ILL = State("platform-1", "", (Condition("Healthy", "False", "", "no \x1b[31mway"),), ())


def shown(report: Report, command: str) -> str:
    """Return what people see, after comparing the JSON with its schema."""
    schema(command).validate(json.loads(display.as_json(report)))
    return display.as_text(report, terminal=False)


def test_a_push_tells_what_it_did_and_how_long_each_step_took(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path, "platform"))
    placed = live_release.placed(package(tmp_path, "platform"), package(tmp_path, "extra"))
    same, new = plan.push(release, placed).changes
    outcome = Outcome(
        (Pushed(same, WELL), Pushed(new, WELL)),
        (("read", 0.5), ("Healthy", 1.0)),
        did_nothing=False,
    )
    text = shown(push_command.report(outcome), "push")
    assert "platform  the same  the release     platform-1  Healthy\n" in text
    assert "extra     new       nobody: pushed  platform-1  Healthy\n" in text
    assert text.endswith("pushed, 1.50 s in all\n")


def test_a_push_of_nothing_new_says_so(tmp_path: Path) -> None:
    release = live_release.of(package(tmp_path, "platform"))
    [same] = plan.push(release, live_release.placed(package(tmp_path, "platform"))).changes
    outcome = Outcome((Pushed(same, WELL),), (("read", 0.5),), did_nothing=True)
    assert shown(push_command.report(outcome), "push").endswith("nothing to do, 0.50 s in all\n")


@pytest.mark.parametrize(
    ("state", "trouble", "row"),
    [
        pytest.param(WELL, "", "Healthy", id="healthy"),
        pytest.param(ILL, "no \x1b[31mway", "no \\x1b[31mway", id="escaped"),
        pytest.param(NOTHING, "no pod of Crossplane runs", "no pod of Crossplane runs", id="why"),
    ],
)
def test_status_tells_the_state_or_the_reason(
    tmp_path: Path, state: State, trouble: str, row: str
) -> None:
    [entry] = live_release.of(package(tmp_path, "platform")).entries.values()
    items = (Item(entry, "differs", ("crossplane-2",), state, trouble),)
    pods = (Pod("crossplane-1", {entry.file: entry.content}), Pod("crossplane-2"))
    text = shown(status_command.report(Inventory(items, pods)), "status")
    assert "release  differs  1 of 2, not in crossplane-2" in text
    assert f"crossplane-1  {entry.file}  {entry.content[:12]}...\n" in text
    assert f"{row}\n" in text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


ROW = Row("platform", "platform-1", "Healthy", "12:00:00", "1.2 s (0.8 s: read by Crossplane)")


def test_a_terminal_shows_a_table_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    with display.view(terminal) as show:
        show(View((Row("platform"),), "reading [/] packages"))
        assert "reading [/] packages" in terminal.getvalue()
        show(View((ROW, Row("network", state="bad \x1b[31mname")), ""))
    shown = terminal.getvalue()
    for cell in ("PACKAGE", "platform-1", "12:00:00", "1.2 s (0.8 s: read by Crossplane)"):
        assert cell in shown
    assert "bad \\x1b[31mname" in shown
    assert "press Ctrl-C to stop" in shown


def test_elsewhere_a_line_tells_each_change_once() -> None:
    stream = io.StringIO()
    with display.view(stream) as show:
        for doing in ("reading packages", "waiting", ""):
            show(View((ROW, Row("network")), doing))
    line = "12:00:00  platform  platform-1  Healthy  1.2 s (0.8 s: read by Crossplane)\n"
    assert stream.getvalue() == line
