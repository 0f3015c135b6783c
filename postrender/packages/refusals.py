"""Words the refusals of a package for its contents, with the patterns of `ignore` that help."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.packages import covering, disk, ignoring
from postrender.packages.directory import META_FILE
from postrender.packages.documents import ONLY_OBJECTS
from postrender.packages.package import PACKAGE_YAML

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from postrender.packages.documents import DocumentError
    from postrender.packages.package import Member

_META_FILES = (META_FILE, "crossplane.yml")

_PROJECTS = {
    "dev.crossplane.io": ("crossplane project build", "xpkg"),
    "meta.dev.upbound.io": ("up project build", "uppkg"),
}
"""The group of each kind of project file, with the command that builds the project, and the suffix
of the file that it writes (crossplane/cli, cmd/crossplane/project/build.go; docs.upbound.io)."""


class ForeignFilesError(DevcacheError):
    """The refusal of files in a package directory that `ignore` can leave out.

    The hint of the error is for a command with `--ignore`.

    Attributes:
        reason: The first part of the hint.
        patterns: The patterns for `ignore`; () if there are too many.
    """

    def __init__(self, problem: str, *, where: str, reason: str, patterns: Sequence[str]) -> None:
        """Store the parts of the message."""
        super().__init__(problem, where=where, hint=f"{reason} {ignoring.option(patterns)}")
        self.reason = reason
        self.patterns = patterns

    def declared(self, ignore: Sequence[str]) -> DevcacheError:
        """Return the refusal of a package whose declaration has the patterns `ignore`."""
        patterns = [*ignore, *self.patterns] if self.patterns else []
        hint = f"{self.reason} {ignoring.field(patterns)}"
        return DevcacheError(self.problem, where=self.where, hint=hint)


def of_contents(
    path: Path, metas: Sequence[str], members: Sequence[Member], bad: Mapping[str, DocumentError]
) -> Iterator[DevcacheError]:
    """Yield the refusals of a package for its documents.

    Args:
        path: The path of the package.
        metas: The file of each meta object.
        members: The other objects.
        bad: The files with a document that is broken or no Kubernetes object.
    """
    has_broken = any(refusal.is_broken for refusal in bad.values())
    if not (metas or has_broken or bad.keys() & set(_META_FILES)):
        yield _no_meta(path, members)
    elif bad:
        yield _bad(path, {*metas, *(member.file for member in members)}, bad)
    if len(metas) > 1:
        yield _several_metas(path, metas, {member.file for member in members})


def _no_meta(path: Path, members: Sequence[Member]) -> DevcacheError:
    problem = "no meta object (a Configuration, Provider or Function of meta.pkg.crossplane.io)"
    hint = f"a package has one, usually in {META_FILE}"
    for member in members:
        command, suffix = _PROJECTS.get(member.api_version.partition("/")[0], ("", ""))
        if member.kind == "Project" and command:
            file = path if member.file == PACKAGE_YAML else member.file
            hint = (
                f"{disk.title(file)} is a project: run `{command}` there, and name the file"
                f" _output/<project>.{suffix}, which has one package if the project has no"
                " functions"
            )
    return DevcacheError(problem, where=disk.title(path), hint=hint)


def _bad(path: Path, content: Collection[str], bad: Mapping[str, DocumentError]) -> DevcacheError:
    """Return one refusal for all files with a bad document; `content` has files with objects."""
    excluded = {name for name in bad if not (bad[name].is_broken or name in content)}
    others = {*content, *bad}.difference(excluded)
    first, *further = bad.values()
    problem, where = first.problem, first.where
    if further:
        where = disk.title(path)
        sort = "not Kubernetes objects" if not others & bad.keys() else "broken or not objects"
        entries = [_entry(name, bad[name], is_plain=name in excluded) for name in bad]
        problem = f"{len(bad)} files have documents that are {sort}: {ignoring.listed(entries)}"
    if not excluded:
        return DevcacheError(problem, where=where, hint=first.hint)
    reason = f"{ONLY_OBJECTS}; leave the other files out"
    patterns = tuple(covering.patterns(excluded, others))
    return ForeignFilesError(problem, where=where, reason=reason, patterns=patterns)


def _entry(name: str, refusal: DocumentError, *, is_plain: bool) -> str:
    title = disk.title(name)
    return title if is_plain else f"{title} ({refusal.place}: {refusal.problem})"


def _several_metas(path: Path, metas: Sequence[str], members: Collection[str]) -> DevcacheError:
    counts = Counter(metas)
    files = ignoring.listed([disk.title(name) for name in sorted(counts)])
    problem = f"{len(metas)} meta objects (in {files}), but a package has one"
    where = disk.title(path)
    roots = [name for name in metas if "/" not in name]
    folders: list[str] = []
    for folder in sorted(f"{name.rpartition('/')[0]}/" for name in metas if "/" in name):
        if not (folders and folder.startswith(folders[-1])):
            folders.append(folder)
    if len(roots) != 1 or not folders:
        hint = "name the directory of one package" if len(counts) > 1 else ""
        return DevcacheError(problem, where=where, hint=hint)
    names = {*metas, *members}
    excluded = {
        name for name in names if name.startswith(folders[max(bisect(folders, name) - 1, 0)])
    }
    reason = f"name the directory of one package, or leave the others out of {roots[0]}"
    patterns = tuple(covering.patterns(excluded, names - excluded))
    return ForeignFilesError(problem, where=where, reason=reason, patterns=patterns)
