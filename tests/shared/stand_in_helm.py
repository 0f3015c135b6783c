"""A stand-in for helm on the PATH: it records its command lines, and keeps one release."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from postrender.manifests.nodes import Plain

_PROGRAM = """#!{python}
import json, os, pathlib, sys
folder, arguments = pathlib.Path({folder!r}), sys.argv[1:]
release, failures = folder / "release.json", folder / "failures.json"
with (folder / "log").open("a") as log:
    print(json.dumps(arguments), file=log)
text = failures.read_text() if failures.exists() else "{{}}"
messages = json.loads(text).get(arguments[0], [])
if messages:
    rest = {{**json.loads(text), arguments[0]: messages[1:]}}
    failures.write_text(json.dumps(rest))
    sys.exit(messages[0])
state = json.loads(release.read_text()) if release.exists() else None
match arguments[0]:
    case "version":
        print((folder / "version").read_text(), end="")
    case "env":
        print("/home/jane/plugins")
    case "show":
        print((folder / "Chart.yaml").read_text())
    case "history":
        if not state:
            sys.exit("Error: release: not found")
        print(json.dumps([{{key: state[key] for key in state if key != "values"}}]))
    case "get":
        print(json.dumps(state["values"]))
    case "uninstall":
        release.unlink()
    case "upgrade":
        options = dict(item.split("=", 1) for item in arguments if item[:2] == "--" and "=" in item)
        values = json.loads(pathlib.Path(options["--values"]).read_text())
        config = options.get("--post-renderer-args", "").partition("=")[2]
        if config:
            (folder / "config.json").write_text(pathlib.Path(config).read_text())
        (folder / "plugins").write_text(os.environ.get("HELM_PLUGINS", ""))
        number = state["revision"] + 1 if state else 1
        release.write_text(json.dumps({{
            "revision": number, "updated": "2026-11-29T12:00:00.5Z", "status": "deployed",
            "chart": "crossplane-2.4.2", "app_version": "2.4.2",
            "description": options.get("--description", "Install complete"), "values": values,
        }}))
"""


_RELEASE: dict[str, Plain] = {
    "revision": 1,
    "updated": "2026-11-29T12:00:00.5Z",
    "status": "deployed",
    "chart": "crossplane-2.4.2",
    "app_version": "2.4.2",
    "description": "Install complete",
    "values": {},
}


@dataclass(frozen=True)
class StandInHelm:
    """The stand-in, with its files.

    Attributes:
        folder: Its folder, which is the first on the PATH.
    """

    folder: Path

    @property
    def runs(self) -> list[list[str]]:
        """The arguments of the runs that change something."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        runs: list[list[str]] = [json.loads(line) for line in lines]
        return [run for run in runs if run[0] in {"upgrade", "uninstall"}]

    @property
    def release(self) -> dict[str, Plain]:
        """The release."""
        release: dict[str, Plain] = json.loads((self.folder / "release.json").read_text())
        return release

    def set_release(self, **fields: Plain) -> None:
        """Set the release, or some of its fields."""
        file = self.folder / "release.json"
        before = self.release if file.exists() else {}
        file.write_text(json.dumps(_RELEASE | before | fields))

    def fail(self, command: str, *messages: str) -> None:
        """Make the next runs of a command fail, each with a message."""
        (self.folder / "failures.json").write_text(json.dumps({command: messages}))

    @property
    def config(self) -> dict[str, Plain]:
        """The DevCache document of the last upgrade."""
        config: dict[str, Plain] = json.loads((self.folder / "config.json").read_text())
        return config


def install(folder: Path, patch: pytest.MonkeyPatch, version: str = "v4.3.0") -> StandInHelm:
    """Put a stand-in for a version of helm on the PATH, in front of everything else."""
    folder.mkdir()
    program = folder / "helm"
    program.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    (folder / "version").write_text(version)
    (folder / "Chart.yaml").write_text("name: crossplane\nversion: 2.4.2\nappVersion: 2.4.2\n")
    patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    patch.delenv("HELM_PLUGINS", raising=False)
    return StandInHelm(folder)
