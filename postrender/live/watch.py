"""Watches packages: each save starts a push, and a view shows the outcomes."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import watchfiles

from postrender.errors import DevcacheError
from postrender.interface.progress import Row, View
from postrender.live import push, selection
from postrender.live.cluster import UnreachableError
from postrender.live.stopwatch import Progress, SupersededError
from postrender.packages import disk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from postrender.declared.devcache import PackageDeclaration
    from postrender.interface.progress import Show
    from postrender.live.cluster import Cluster
    from postrender.live.push import Outcome
    from postrender.live.releases import Release
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache

    _Burst = set[tuple[watchfiles.Change, str]]

_QUIET_TIME = 50
"""Milliseconds without a change that end a burst of saves."""

_FOLDER_INTERVAL = 500
"""Milliseconds between two checks for a replaced folder."""

_RETRY = 3.0
"""Seconds until the next push if the cluster does not answer."""


def watch(
    cluster: Cluster,
    declarations: Sequence[PackageDeclaration],
    show: Show,
    timeout: float,
    cache: ResultCache,
) -> NoReturn:
    """Push packages, and push them again after every save, until the user interrupts it.

    Args:
        cluster: The cluster.
        declarations: The packages.
        show: Shows the view.
        timeout: Seconds after which a push fails. A save ends it earlier, and starts the next push.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: At the start the path of a package does not exist, or the system does not
            allow its folder to be watched.
    """
    saves, stop = _Saves(), threading.Event()
    threads = [
        threading.Thread(target=_record_saves, args=(declarations, saves, roots, stop))
        for roots in _roots(declarations)
    ]
    screen = _Screen(show, [declaration.name for declaration in declarations])
    pusher = _Pusher(cluster, screen, saves, timeout, cache)
    for thread in threads:
        thread.start()
    try:
        saves.add(declaration.name for declaration in declarations)
        while True:
            saves.event.wait()
            names = saves.pop_all()
            if not pusher.push([item for item in declarations if item.name in names]):
                saves.event.wait(_RETRY)
                saves.add(names)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@dataclass(frozen=True)
class _Roots:
    """The watched folders: package directories, or the folders of package files."""

    folders: frozenset[Path]
    recursive: bool

    def inodes(self) -> dict[Path, int]:
        """Return the inodes of the existing folders; a replaced folder has another inode."""
        inodes = {}
        for folder in self.folders:
            with suppress(FileNotFoundError):
                inodes[folder] = folder.stat().st_ino
        return inodes


def _roots(declarations: Iterable[PackageDeclaration]) -> list[_Roots]:
    paths = {_resolved(declaration) for declaration in declarations}
    folders = {path for path in sorted(paths) if stat.S_ISDIR(disk.status(path).st_mode)}
    parents = {path.parent for path in paths - folders}  # a replaced file has another inode
    all_roots = (
        _Roots(frozenset(folders), recursive=True),
        _Roots(frozenset(parents), recursive=False),
    )
    return [roots for roots in all_roots if roots.folders]


def _resolved(declaration: PackageDeclaration) -> Path:
    return Path(os.path.realpath(declaration.path))


def _record_saves(
    declarations: Iterable[PackageDeclaration],
    saves: _Saves,
    roots: _Roots,
    stop: threading.Event,
) -> None:
    """Record the packages that change on disk, until `stop` is set or a watch fails."""
    packages = {item.name: _resolved(item) for item in declarations}

    def record(paths: Collection[Path]) -> None:
        saves.add(
            name
            for name, package in packages.items()
            if any(path.is_relative_to(package) or package.is_relative_to(path) for path in paths)
        )

    try:
        inodes = roots.inodes()
        while not stop.is_set():
            for burst in _bursts(inodes, roots, stop):
                record([Path(path) for _, path in burst])
                if roots.inodes() != inodes:
                    break
            # The system does not report changes in a replaced folder, so start a new watch.
            before, inodes = inodes, roots.inodes()
            record([folder for folder, inode in inodes.items() if before.get(folder) != inode])
    except (OSError, RuntimeError) as error:
        hint = "the system limits the number of watched files (fs.inotify.max_user_watches)"
        saves.fail(DevcacheError(f"cannot watch the packages: {error}", hint=hint))


def _bursts(folders: Collection[Path], roots: _Roots, stop: threading.Event) -> Iterable[_Burst]:
    """Yield the changes on disk, and an empty set regularly so that the caller checks folders."""
    if not folders:
        stop.wait(_FOLDER_INTERVAL / 1000)
        return [set()]
    return watchfiles.watch(
        *sorted(folders),
        step=_QUIET_TIME,
        stop_event=stop,
        recursive=roots.recursive,
        rust_timeout=_FOLDER_INTERVAL,
        yield_on_timeout=True,
    )


@dataclass
class _Saves:
    """The packages that have changed on disk since the last `pop_all`.

    Attributes:
        event: Set while there is a package or a failure.
    """

    event: threading.Event = field(default_factory=threading.Event)
    _names: set[str] = field(default_factory=set)
    _failure: DevcacheError | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, names: Iterable[str]) -> None:
        new_names = set(names)
        with self._lock:
            self._names |= new_names
            if self._names:
                self.event.set()

    def fail(self, error: DevcacheError) -> None:
        """Make the next `pop_all` raise an error, because this thread adds no packages any more."""
        with self._lock:
            self._failure = error
            self.event.set()

    def pop_all(self) -> set[str]:
        with self._lock:
            if self._failure:
                raise self._failure
            self.event.clear()
            names, self._names = self._names, set()
        return names


@dataclass(frozen=True)
class _Pusher:
    """Pushes packages and shows the outcomes. A failure does not end the watch."""

    cluster: Cluster
    screen: _Screen
    saves: _Saves
    timeout: float
    cache: ResultCache
    interrupted_names: set[str] = field(default_factory=set)
    """The packages of a push that a save interrupted: the cluster may already have them."""

    def push(self, declarations: Sequence[PackageDeclaration]) -> bool:
        """Push packages; return false if the cluster does not answer."""
        names = [declaration.name for declaration in declarations]
        self.screen.show_pushing(names)
        progress = Progress(self.screen.tell, self.timeout, self.saves.event.is_set)
        try:
            outcome = push.push(
                self.cluster,
                lambda release: self._readable(release, declarations),
                progress,
                self.cache,
            )
        except SupersededError:
            self.interrupted_names.update(names)
            self.saves.add(names)
        except DevcacheError as error:
            self.screen.show_error(names, error)
            return not isinstance(error, UnreachableError)
        else:
            self.screen.show_outcome(outcome, self.interrupted_names)
            self.interrupted_names.clear()
        return True

    def _readable(
        self, release: Release, declarations: Iterable[PackageDeclaration]
    ) -> list[LocalPackage]:
        """Return the packages that can be read, and show the errors of the others."""
        packages: list[LocalPackage] = []
        for declaration in declarations:
            try:
                packages += selection.local_packages(release, [declaration], self.cache)
            except DevcacheError as error:
                self.screen.show_error([declaration.name], error)
        return packages


class _Screen:
    """The view, updated by the pusher."""

    def __init__(self, show: Show, names: Iterable[str]) -> None:
        self._show = show
        self._rows = {name: Row(name) for name in names}

    def tell(self, step: str) -> None:
        """Show the current step."""
        self._show(View(tuple(self._rows.values()), step))

    def show_pushing(self, names: Iterable[str]) -> None:
        """Mark packages until an outcome or an error follows."""
        for name in names:
            self._rows[name] = self._rows[name]._replace(is_pushing=True)

    def show_outcome(self, outcome: Outcome, interrupted_names: Collection[str]) -> None:
        """Show the outcome of a push.

        Args:
            outcome: The outcome.
            interrupted_names: The packages of a previous push that a save interrupted.
        """
        total = sum(seconds for _, seconds in outcome.steps)
        step, longest = max(outcome.steps, key=lambda item: item[1])
        for package in outcome.packages:
            name, state = package.change.name, package.state
            row = self._rows[name]._replace(
                revision=state.revision, state=state.summary, is_pushing=False
            )
            if package.change.state != "same" or name in interrupted_names:
                row = row._replace(
                    time=f"{datetime.now().astimezone():%H:%M:%S}",
                    duration=f"{total:.1f} s ({longest:.1f} s: {step})",
                    push_count=row.push_count + 1,
                )
            self._rows[name] = row
        self.tell("")

    def show_error(self, names: Iterable[str], error: DevcacheError) -> None:
        """Show the error of packages that were not pushed."""
        state = f"{error.where}: {error.problem}" if error.where else error.problem
        for name in names:
            row = self._rows[name]
            self._rows[name] = row._replace(state=state, duration="", is_pushing=False)
        self.tell("")
