"""The wait until no helm command is at work on a release, and the recovery of a killed one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from postrender.errors import DevcacheError
from postrender.helm import history, program, upgrade
from postrender.live.kinds import SECRETS

if TYPE_CHECKING:
    from postrender.helm.history import Revision
    from postrender.helm.program import Helm
    from postrender.interface.progress import Tell
    from postrender.live.cluster import Cluster
    from postrender.live.stopwatch import Stopwatch

_LONGEST_RUN = 300.0
"""Seconds after which a helm command has ended or was killed: the default timeout of `--wait`."""


def await_idle(
    cluster: Cluster, helm: Helm, name: str, stopwatch: Stopwatch, tell: Tell
) -> Revision | None:
    """Wait until no helm command is at work, and return the last revision of the release.

    A killed helm command leaves a pending revision, which Helm refuses to replace. Its record is
    then deleted: the next upgrade starts from the revision before it. A killed uninstall is
    completed.

    Raises:
        DevcacheError: A helm command is still at work when the timeout expires.
    """
    is_announced = False
    while (revision := history.last(helm, name)) and revision.is_pending:
        age = time.time() - revision.updated
        if age > _LONGEST_RUN:
            tell(f"removing the record of a helm command that was killed: {revision.status}")
            _delete_record(cluster, name, revision)
            continue
        if not is_announced:
            is_announced = True
            tell(
                f"another helm command is at work on the release {name} ({revision.status} for"
                f" {age:.0f} s): waiting until it ends, or until {_LONGEST_RUN:.0f} s have passed"
            )
        stopwatch.wait(f"another helm command is at work on the release {name}")
    if revision and revision.status == "uninstalling":
        tell(program.command(upgrade.uninstall(helm, name)))
        program.run(helm, upgrade.uninstall(helm, name), tell)
        return None
    if revision and revision.status == "uninstalled":  # of `helm uninstall --keep-history`
        return None
    return revision


def _delete_record(cluster: Cluster, name: str, revision: Revision) -> None:
    """Delete Helm's record of a pending revision.

    Raises:
        DevcacheError: Helm stores its records elsewhere.
    """
    secret = f"sh.helm.release.v1.{name}.v{revision.number}"
    if cluster.get(SECRETS, secret) is None:
        problem = f"the release {name} is {revision.status}, and no Secret has its record"
        hint = f"run helm rollback {name}, or delete the record of revision {revision.number}"
        raise DevcacheError(problem, where=cluster.title, hint=hint)
    cluster.delete(SECRETS, secret)
