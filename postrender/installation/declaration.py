"""The values of an installation: those of the user's files, or proposals for packages on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.declared import proposals, values
from postrender.fields import Fields
from postrender.packages import disk, exclusions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.interface.progress import Tell
    from postrender.manifests.nodes import Plain
    from postrender.result_cache import ResultCache


def read(
    paths: Sequence[Path],
    values_files: Sequence[Path],
    cache: ResultCache,
    tell: Tell,
    *,
    relative_to_file: bool = False,
) -> Fields:
    """Return values of our chart.

    Args:
        paths: Packages on disk, to declare as `init` does; or none.
        values_files: Values files of our chart, or none.
        cache: Results of earlier runs.
        tell: Shows the current step.
        relative_to_file: See `values.load`.

    Raises:
        DevcacheError: A file or a package cannot be read, or two packages have the same name.
    """
    if not paths:
        return values.load(values_files, relative_to_file=relative_to_file)
    packages_at_paths: list[proposals.PackageAtPath] = []
    ignore: dict[str, list[str]] = {}
    for path in paths:
        tell(f"reading {disk.title(path)}")
        package, proposed = exclusions.read(path, cache=cache)
        ignore[str(path)] = [exclusion.pattern for exclusion in proposed]
        packages_at_paths.append((path, package))
    declared: dict[str, Plain] = {
        proposal.name: proposal.entry(ignore[proposal.path])
        for proposal in proposals.propose(packages_at_paths)
    }
    return Fields({"devcache": {"packages": declared}}, "values", "the proposed values")
