"""Live mode: what brings a saved package into a release that runs, without Helm.

Only the commands push, unload, watch and status import this room, and with it the extra `live`.
"""

from postrender.errors import DevcacheError


def incomplete() -> DevcacheError:
    """Return the refusal where the extra `live` is not installed."""
    problem = "this command needs more Python packages than the filter"
    hint = "run in the clone of crossplane-devcache: pip install '.[live]'"
    return DevcacheError(problem, hint=hint)
