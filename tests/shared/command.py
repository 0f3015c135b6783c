"""The command, run in this process: faster than a process, with the output that a user sees."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from postrender.cli import main
from tests.shared.paths import ROOT

if TYPE_CHECKING:
    from tests.shared.programs import Plain

COMMAND = Path(sys.executable).with_name("crossplane-devcache")
"""The installed command."""


@cache
def schema(command: str) -> jsonschema.Draft202012Validator:
    """Return the schema of a command's JSON, after a check of the schema itself."""
    document = json.loads((ROOT / f"docs/schemas/{command}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


@dataclass(frozen=True)
class Run:
    """The exit status and the output of the command."""

    status: int
    stdout: str
    stderr: str

    def message(self, status: int = main.REFUSED) -> str:
        """Return the message of a refusal, after a check that there is no other output."""
        assert (self.status, self.stdout) == (status, ""), self.stderr
        assert self.stderr.startswith("crossplane-devcache: error: ")
        return self.stderr

    def json(self, command: str) -> dict[str, list[dict[str, Plain]]]:
        """Return the printed JSON, after a check against its schema."""
        assert self.stdout.isascii()
        value: dict[str, list[dict[str, Plain]]] = json.loads(self.stdout)
        schema(command).validate(value)
        return value


class Command:
    """Runs the command in this process."""

    def __init__(self, captured: pytest.CaptureFixture[bytes]) -> None:
        self._captured = captured

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Run:
        """Run it with these arguments."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            status = main.main([str(argument) for argument in arguments])
        output = self._captured.readouterr()
        return Run(status, output.out.decode(), output.err.decode())
