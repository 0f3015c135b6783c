"""`add` replaces a file as an editor does: its text alone, completely or not at all."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from postrender.roundtrip import addition
from tests.shared import paths
from tests.shared.configurations import package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.shared.command import Command

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Python has the calls on Linux only")
MACOS = pytest.mark.skipif(sys.platform != "darwin", reason="the programs are those of macOS")

NOBODY = 65534

BEFORE = "devcache:\r\n  # ours\r\n  live: {}"
AFTER = f"{BEFORE}\r\n  packages:\r\n    new:\r\n      path: new\r\n"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder that all users may enter, with `new`, a package, and `files`; work in it."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name).resolve()
        path.chmod(0o755)
        monkeypatch.chdir(path)
        package(path, "new")
        Path("files").mkdir()
        yield path
        monkeypatch.undo()


def write(path: str = "files/values.yaml") -> Path:
    file = Path(path)
    file.write_bytes(BEFORE.encode())
    return file


@contextmanager
def user(number: int) -> Iterator[None]:
    """Work as this user until the end of the context."""
    group = os.getegid()
    os.setegid(number)
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def _socket(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:  # a longer path is no address
        patch.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)


def _device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, Path(os.devnull).stat().st_rdev)


OTHERS = [
    pytest.param(Path.mkdir, "not a regular file", id="folder"),
    pytest.param(os.mkfifo, "not a regular file", id="pipe"),
    pytest.param(_socket, "cannot be read", id="socket"),
    pytest.param(_device, "not a regular file", id="device", marks=ROOT),
]


@pytest.mark.parametrize("name", ["values.yaml", "link.yaml"])
@pytest.mark.parametrize(("make", "problem"), OTHERS)
def test_only_a_regular_file_is_replaced(
    command: Command, make: Callable[[Path], object], problem: str, name: str
) -> None:
    make(Path("files/values.yaml"))
    Path("files/link.yaml").symlink_to("values.yaml")
    before = os.lstat("files/values.yaml")
    assert problem in command("add", "new", "-f", f"files/{name}").message()
    after = os.lstat("files/values.yaml")
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert Path("files/link.yaml").is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o606, 0o755, 0o200])
def test_the_mode_stays(command: Command, mode: int) -> None:
    if mode == 0o200 and os.geteuid() != 0:
        pytest.skip("only root can read it")
    file = write()
    file.chmod(mode)
    assert command("add", "new", "-f", file).status == 0
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert file.read_bytes() == AFTER.encode()
    assert [path.name for path in Path("files").iterdir()] == ["values.yaml"]


@ROOT
def test_owner_and_group_stay(command: Command) -> None:
    file = write()
    os.chown(file, NOBODY, 1)
    file.chmod(0o2664)  # a change of the owner would drop the first bit
    assert command("add", "new", "-f", file).status == 0
    after = file.stat()
    assert (after.st_uid, after.st_gid, after.st_mode & 0o7777) == (NOBODY, 1, 0o2664)


@ROOT
def test_the_group_of_the_folder_is_not_taken(command: Command) -> None:
    file = write()
    os.chown("files", 0, NOBODY)
    Path("files").chmod(0o2775)
    assert command("add", "new", "-f", file).status == 0
    assert file.stat().st_gid == 0


@ROOT
def test_a_file_of_another_owner_is_refused(command: Command) -> None:
    """The user could replace it, because the folder belongs to them, but would own it then."""
    file = write()
    file.chmod(0o666)
    os.chown("files", NOBODY, NOBODY)
    with user(NOBODY):
        message = command("add", "new", "-f", file).message()
    assert "its owner, mode or extended attributes cannot be kept" in message
    assert (file.read_bytes(), file.stat().st_uid) == (BEFORE.encode(), 0)
    assert [path.name for path in Path("files").iterdir()] == ["values.yaml"]


def acl(*entries: tuple[int, int, int]) -> bytes:
    """Return an ACL as Linux stores it, of entries of a tag, permissions and a user or group."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NO_ID = 0xFFFFFFFF
ACL = acl((1, 6, NO_ID), (2, 6, NOBODY), (4, 4, NO_ID), (16, 6, NO_ID), (32, 0, NO_ID))
"""The owner and one other user may write, the group may read."""


def set_attribute(path: str | Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"this file system has no {name}: {error}")


@LINUX
@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param({"user.note": b"\0mine", "user.empty": b""}, id="user"),
        pytest.param({"system.posix_acl_access": ACL}, id="acl"),
        pytest.param({"trusted.note": b"x"}, id="trusted", marks=ROOT),
    ],
)
def test_extended_attributes_stay(command: Command, attributes: dict[str, bytes]) -> None:
    file = write()
    for name, value in attributes.items():
        set_attribute(file, name, value)
    before = file.stat().st_mode
    assert command("add", "new", "-f", file).status == 0
    assert {name: os.getxattr(file, name) for name in attributes} == attributes
    assert file.stat().st_mode == before


@LINUX
def test_the_default_acl_of_the_folder_is_not_taken(command: Command) -> None:
    file = write()
    before = os.listxattr(file)
    set_attribute("files", "system.posix_acl_default", ACL)
    assert command("add", "new", "-f", file).status == 0
    assert os.listxattr(file) == before


@LINUX
def test_an_attribute_that_cannot_be_kept_is_a_refusal(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write()
    set_attribute(file, "user.note", b"x")
    refusal = OSError(errno.EPERM, "Operation not permitted")
    monkeypatch.setattr(os, "setxattr", Mock(side_effect=refusal))
    message = command("add", "new", "-f", file).message()
    assert "its owner, mode or extended attributes cannot be kept" in message
    assert file.read_bytes() == BEFORE.encode()
    assert [path.name for path in Path("files").iterdir()] == ["values.yaml"]


@MACOS
def test_extended_attributes_and_acls_stay_on_macos(command: Command) -> None:
    file = write()
    subprocess.run(["xattr", "-w", "org.example.note", "mine", str(file)], check=True)
    subprocess.run(["chmod", "+a", "everyone deny delete", str(file)], check=True)
    assert command("add", "new", "-f", file).status == 0
    show = ["xattr", "-p", "org.example.note", str(file)]
    assert subprocess.run(show, capture_output=True, check=True).stdout == b"mine\n"
    listing = subprocess.run(["ls", "-le", str(file)], capture_output=True, check=True).stdout
    assert b"deny delete" in listing


@pytest.mark.parametrize("mode", [0o444, 0o400, 0o555])
def test_a_read_only_file_is_refused(command: Command, mode: int) -> None:
    """Root could write it, too, but whoever set the mode does not expect that."""
    file = write()
    file.chmod(mode)
    assert "is read-only" in command("add", "new", "-f", file).message()
    assert file.read_bytes() == BEFORE.encode()
    assert stat.S_IMODE(file.stat().st_mode) == mode


@ROOT
@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        pytest.param(0o644, "is read-only", id="file"),
        pytest.param(0o666, "cannot be replaced: permission denied", id="folder"),
    ],
)
def test_permissions_count(command: Command, mode: int, problem: str) -> None:
    file = write()
    file.chmod(mode)
    if mode == 0o644:
        Path("files").chmod(0o777)
    with user(NOBODY):
        assert problem in command("add", "new", "-f", file).message()
    assert file.read_bytes() == BEFORE.encode()


def test_a_file_with_hard_links_is_refused(command: Command) -> None:
    file = write()
    os.link(file, "files/other.yaml")
    assert "has 2 hard links" in command("add", "new", "-f", file).message()
    assert Path("files/other.yaml").samefile(file)
    assert file.read_bytes() == BEFORE.encode()


LINKS = {
    "link": {"files/link.yaml": "values.yaml"},
    "absolute": {"files/link.yaml": "{folder}/files/values.yaml"},
    "chain": {"files/link.yaml": "second.yaml", "files/second.yaml": "../files/values.yaml"},
    "from-another-folder": {"link.yaml": "files/values.yaml"},
    "through-a-folder": {"linked": "files", "link.yaml": "linked/values.yaml"},
}


@pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)
def test_links_stay_and_the_file_behind_them_changes(
    command: Command, folder: Path, links: dict[str, str]
) -> None:
    file = write()
    targets = {Path(link): target.format(folder=folder) for link, target in links.items()}
    for link, target in targets.items():
        link.symlink_to(target)
    link = next(link for link in targets if link.name == "link.yaml")
    assert command("add", "new", "-f", link).stdout == f"added new to {link}\n"
    assert {link: os.readlink(link) for link in targets} == targets  # noqa: PTH115  # as it is written
    assert file.read_bytes() == AFTER.encode()
    assert not file.is_symlink()


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        pytest.param("nothing.yaml", "no such file or directory", id="to-nothing"),
        pytest.param("link.yaml", "cannot be read: too many levels", id="to-itself"),
    ],
)
def test_a_link_to_no_file_is_refused(command: Command, target: str, problem: str) -> None:
    Path("files/link.yaml").symlink_to(target)
    assert problem in command("add", "new", "-f", "files/link.yaml").message()
    assert [path.name for path in Path("files").iterdir()] == ["link.yaml"]


@pytest.mark.parametrize("step", ["fchmod", "fsync", "replace"])
@pytest.mark.parametrize(
    ("error", "problem"),
    [
        pytest.param(OSError(errno.ENOSPC, "No space left"), "no space left", id="full-disk"),
        pytest.param(KeyboardInterrupt(), "", id="interrupt"),
    ],
)
def test_a_file_that_cannot_be_replaced_is_unchanged(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: BaseException,
    problem: str,
) -> None:
    file = write()
    monkeypatch.setattr(os, step, Mock(side_effect=error))
    run = command("add", "new", "-f", file)
    assert run.status != 0
    assert problem in run.stderr
    assert file.read_bytes() == BEFORE.encode()
    assert [path.name for path in Path("files").iterdir()] == ["values.yaml"]


KILLED = """
import os, sys
from postrender.cli import main

steps = []

def kill(event, arguments):
    if steps or event == "open" and ".devcache-" in str(arguments[0]):
        steps.append(event)
    if len(steps) == int(sys.argv[1]):
        os.kill(os.getpid(), 9)

sys.addaudithook(kill)
sys.exit(main.main(["add", "new", "-f", "files/values.yaml"]))
"""
"""A run that is killed at a step, counted from the creation of the new file."""


def test_after_a_kill_the_file_is_whole() -> None:
    file = write()
    texts: list[str] = []
    for step in range(1, 100):
        status = subprocess.run(
            [sys.executable, "-c", KILLED, str(step)],
            check=False,
            env={"PYTHONPATH": str(paths.ROOT)},
        ).returncode
        texts.append(file.read_bytes().decode())
        if status != -signal.SIGKILL:
            break
        file = write()
    assert status == 0
    assert len(texts) > 5
    assert set(texts) == {BEFORE, AFTER}


def test_the_text_is_on_disk_before_it_gets_the_name(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a crash of the machine could leave an empty file."""
    file, calls = write(), Mock()
    for name in ("fsync", "replace"):
        step = Mock(side_effect=getattr(os, name))
        calls.attach_mock(step, name)
        monkeypatch.setattr(os, name, step)
    assert command("add", "new", "-f", file).status == 0
    assert [call[0] for call in calls.mock_calls] == ["fsync", "replace"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda file: file.write_text("a: 1\n"), id="written"),
        pytest.param(lambda file: write("files/x").replace(file), id="replaced"),
        pytest.param(lambda file: file.chmod(0o444), id="mode"),
        pytest.param(lambda file: os.link(file, "link"), id="hard-link"),
    ],
)
def test_a_file_that_changes_meanwhile_is_refused(
    command: Command, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    file = write()
    during: list[str] = []

    def with_package(*_: object, **__: object) -> str:
        change(file)
        during.append(file.read_text())
        return "new"

    monkeypatch.setattr(addition, "with_package", with_package)
    assert "was changed while" in command("add", "new", "-f", file).message()
    assert [file.read_text()] == during
