"""Reports the state of the cluster after a failed scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.kubernetes import CORE, INSIDE, KINDS, REVISIONS

if TYPE_CHECKING:
    from tests.e2e.kubernetes import Kubernetes

MESSAGES = (
    "custom-columns=NAME:.metadata.name,PACKAGE:.spec.package,IMAGE:.spec.image,"
    "REASONS:.status.conditions[*].reason,MESSAGES:.status.conditions[*].message"
)
LAST = "--tail=25"

QUESTIONS = {
    "pods": ("get", "pods", INSIDE, "--output=wide"),
    "events": ("get", "events", INSIDE, "--sort-by=.lastTimestamp"),
    "packages": ("get", ",".join(KINDS), f"--output={MESSAGES}"),
    "revisions": ("get", ",".join(REVISIONS), f"--output={MESSAGES}"),
    "copier": ("logs", INSIDE, f"--selector={CORE}", "--container=devcache-copier"),
    "crossplane": ("logs", INSIDE, f"--selector={CORE}", "--container=crossplane", LAST),
}


def report(kubernetes: Kubernetes) -> str:
    """Return the pods, events, conditions and logs, each below a heading."""
    parts = []
    for name, question in QUESTIONS.items():
        result = kubernetes.kubectl.run(*question)
        parts.append(f"--- {name}\n{result.stdout[-6000:]}{result.stderr[-1000:]}".rstrip())
    return "\n".join(parts)
