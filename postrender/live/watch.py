"""Pushing on every save: what changes on disk, one push after the other, and how each went."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import watchfiles

from postrender.errors import DevcacheError
from postrender.live import push, selection
from postrender.live.cluster import UnreachableError
from postrender.live.stopwatch import Progress, SupersededError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from postrender.declared.devcache import PackageDeclaration
    from postrender.live.cluster import Cluster
    from postrender.live.push import Outcome
    from postrender.live.releases import Release
    from postrender.placement import LocalPackage
    from postrender.result_cache import ResultCache

    _Burst = set[tuple[watchfiles.Change, str]]

_STEP = 50
"""Milliseconds without a change after which a burst of saves is over."""

_LOOK = 500
"""Milliseconds after which it is looked whether the folders are still those that they were."""

_RETRY = 3.0
"""Seconds until the next attempt at a cluster that did not answer."""


@dataclass(frozen=True)
class Row:
    """What is shown of one package.

    Attributes:
        name: The package's name.
        revision: Its current revision, or "".
        state: Healthy, or what is wrong with it.
        pushed: When it was last pushed, or "".
        took: How long that took, and which step the longest, or "".
        pushes: How often it was pushed; it tells pushes apart that are alike otherwise.
    """

    name: str
    revision: str = ""
    state: str = ""
    pushed: str = ""
    took: str = ""
    pushes: int = 0


@dataclass(frozen=True)
class View:
    """What is shown: the packages, and what is being done."""

    rows: tuple[Row, ...]
    doing: str


Show = Callable[[View], None]
"""Shows a view, in place of the one before."""


def watch(
    cluster: Cluster,
    chosen: Sequence[PackageDeclaration],
    show: Show,
    patience: float,
    cache: ResultCache,
) -> NoReturn:
    """Push packages, and again whenever they are saved, until it is interrupted.

    Args:
        cluster: The cluster.
        chosen: The packages.
        show: Shows how it goes.
        patience: Seconds until a push is given up; a save begins the next one anyway.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: One of the packages is not there as it starts, or the system does not let
            its folder be watched.
    """
    saves, ended = _Saves(), threading.Event()
    threads = [
        threading.Thread(target=_note_saves, args=(chosen, saves, roots, ended))
        for roots in _roots(chosen)
    ]
    pushing = _Pushing(cluster, _Screen(show, [one.name for one in chosen]), saves, patience, cache)
    for thread in threads:
        thread.start()
    try:
        saves.add(one.name for one in chosen)
        while True:
            saves.changed.wait()
            names = saves.take()
            if not pushing.push([one for one in chosen if one.name in names]):
                saves.changed.wait(_RETRY)
                saves.add(names)
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@dataclass(frozen=True)
class _Roots:
    """Folders whose changes are looked for: package directories, or what a package's file is in."""

    folders: frozenset[Path]
    recursive: bool

    def present(self) -> dict[Path, int]:
        """Return the folders that are there; one that was replaced is another one."""
        release = {}
        for folder in self.folders:
            with suppress(FileNotFoundError):
                release[folder] = folder.stat().st_ino
        return release


def _roots(chosen: Iterable[PackageDeclaration]) -> list[_Roots]:
    places = {Path(one.path).resolve() for one in chosen}
    for place in sorted(places):
        if not place.exists():
            problem = "there is no such file or directory"
            raise DevcacheError(problem, where=str(place))
    folders = {place for place in places if place.is_dir()}
    beside = {place.parent for place in places - folders}  # a replaced file is another one
    both = (_Roots(frozenset(folders), recursive=True), _Roots(frozenset(beside), recursive=False))
    return [one for one in both if one.folders]


def _note_saves(
    chosen: Iterable[PackageDeclaration], saves: _Saves, roots: _Roots, ended: threading.Event
) -> None:
    """Note which packages have changed, until it is ended or the system does not let it."""
    places = {one.name: Path(one.path).resolve() for one in chosen}

    def note(changed: Collection[Path]) -> None:
        saves.add(
            name
            for name, place in places.items()
            if any(path.is_relative_to(place) or place.is_relative_to(path) for path in changed)
        )

    try:
        present = roots.present()
        while not ended.is_set():
            for burst in _bursts(present, roots, ended):
                note([Path(path) for _, path in burst])
                if roots.present() != present:
                    break
            # A folder that was replaced is not looked into any more, so begin anew.
            before, present = present, roots.present()
            note([folder for folder, number in present.items() if before.get(folder) != number])
    except (OSError, RuntimeError) as error:
        hint = "are there more files than the system lets one watch (fs.inotify.max_user_watches)?"
        saves.fail(DevcacheError(f"cannot watch the packages: {error}", hint=hint))


def _bursts(present: Collection[Path], roots: _Roots, ended: threading.Event) -> Iterable[_Burst]:
    """Yield what has changed on disk; nothing, from time to time, so that folders are looked at."""
    if not present:
        ended.wait(_LOOK / 1000)
        return [set()]
    return watchfiles.watch(
        *sorted(present),
        step=_STEP,
        stop_event=ended,
        recursive=roots.recursive,
        rust_timeout=_LOOK,
        yield_on_timeout=True,
    )


@dataclass
class _Saves:
    """The packages that have changed on disk since they were taken."""

    changed: threading.Event = field(default_factory=threading.Event)
    _names: set[str] = field(default_factory=set)
    _failure: DevcacheError | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, names: Iterable[str]) -> None:
        added = set(names)
        with self._lock:
            self._names |= added
            if self._names:
                self.changed.set()

    def fail(self, error: DevcacheError) -> None:
        """Have the next `take` raise an error: there is nobody to add anything any more."""
        with self._lock:
            self._failure = error
            self.changed.set()

    def take(self) -> set[str]:
        with self._lock:
            if self._failure:
                raise self._failure
            self.changed.clear()
            taken, self._names = self._names, set()
        return taken


@dataclass(frozen=True)
class _Pushing:
    """One push after the other, whatever comes of each."""

    cluster: Cluster
    screen: _Screen
    saves: _Saves
    patience: float
    cache: ResultCache
    superseded: set[str] = field(default_factory=set)
    """Packages of a push that a save cut off: it may have written them already."""

    def push(self, chosen: Sequence[PackageDeclaration]) -> bool:
        """Push packages; false when the cluster does not answer."""
        names = [one.name for one in chosen]
        progress = Progress(self.screen.tell, self.patience, self.saves.changed.is_set)
        try:
            outcome = push.push(
                self.cluster, lambda release: self._readable(release, chosen), progress, self.cache
            )
        except SupersededError:
            self.superseded.update(names)
            self.saves.add(names)
        except DevcacheError as error:
            self.screen.failed(names, error)
            return not isinstance(error, UnreachableError)
        else:
            self.screen.pushed(outcome, self.superseded)
            self.superseded.clear()
        return True

    def _readable(
        self, release: Release, chosen: Iterable[PackageDeclaration]
    ) -> list[LocalPackage]:
        """Return the packages that can be read; of the others it is shown why not."""
        placed: list[LocalPackage] = []
        for one in chosen:
            try:
                placed += selection.local_packages(release, [one], self.cache)
            except DevcacheError as error:
                self.screen.failed([one.name], error)
        return placed


class _Screen:
    """The view, as it changes."""

    def __init__(self, show: Show, names: Iterable[str]) -> None:
        self._show = show
        self._rows = {name: Row(name) for name in names}

    def tell(self, doing: str) -> None:
        """Show what is being done."""
        self._show(View(tuple(self._rows.values()), doing))

    def pushed(self, outcome: Outcome, superseded: Collection[str]) -> None:
        """Show what became of packages.

        Args:
            outcome: The push.
            superseded: Packages of a push before it that a save cut off.
        """
        total = sum(seconds for _, seconds in outcome.steps)
        step, longest = max(outcome.steps, key=lambda one: one[1])
        for one in outcome.pushed:
            revision, state = one.state.revision, one.state.summary
            row = replace(self._rows[one.change.name], revision=revision, state=state)
            if one.change.state != "same" or one.change.name in superseded:
                now = f"{datetime.now().astimezone():%H:%M:%S}"
                took = f"{total:.1f} s ({longest:.1f} s: {step})"
                row = replace(row, pushed=now, took=took, pushes=row.pushes + 1)
            self._rows[one.change.name] = row
        self.tell("")

    def failed(self, names: Iterable[str], error: DevcacheError) -> None:
        """Show why packages were not pushed."""
        state = f"{error.where}: {error.problem}" if error.where else error.problem
        for name in names:
            self._rows[name] = replace(self._rows[name], state=state, took="")
        self.tell("")
