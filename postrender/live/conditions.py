"""The conditions with which controllers report on an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender.live import kinds

if TYPE_CHECKING:
    from postrender.live.kinds import Object

_MESSAGE_LIMIT = 400
"""The length in characters after which a message is truncated."""


@dataclass(frozen=True)
class Condition:
    """A condition of an object.

    Attributes:
        type: Its type, e.g. `Healthy`.
        status: True, False or Unknown.
        reason: Its reason.
        message: Its message on one line, truncated if it is too long, or "".
        is_current: Whether it concerns the object's current spec, or None if it names no
            generation.
    """

    type: str
    status: str
    reason: str
    message: str
    is_current: bool | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the object's current spec has failed."""
        return self.status == "False" and self.is_current is not False

    @property
    def explanation(self) -> str:
        """The message, or the reason of a condition without a message."""
        return self.message or self.reason


def of(value: Object) -> tuple[Condition, ...]:
    """Return the conditions of an object.

    Crossplane names the generation that a condition concerns: of packages since 1.20
    (crossplane-runtime v1.20.0 pkg/conditions), of CompositeResourceDefinitions since 2.0. A
    failure of an earlier generation may remain for many seconds: Crossplane asks a registry several
    times before it gives up.
    """
    fields = kinds.fields(value)
    generation = fields.under("metadata").values.get("generation")
    return tuple(
        Condition(
            type=condition.text("type"),
            status=condition.text("status"),
            reason=condition.text("reason"),
            message=truncated(condition.text("message")),
            is_current=_is_current(condition.values.get("observedGeneration"), generation),
        )
        for condition in kinds.items(fields.under("status").values.get("conditions"))
    )


def _is_current(observed: object, generation: object) -> bool | None:
    return None if observed is None else observed == generation


def truncated(message: str) -> str:
    """Return the start of a message: the API server may quote whole manifests after the reason."""
    line = " ".join(message.split())
    return line if len(line) <= _MESSAGE_LIMIT else f"{line[:_MESSAGE_LIMIT]}..."
