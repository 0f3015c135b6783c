"""The function: the filter on the items of a ResourceList, with refusals as its results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from postrender.declared import devcache
from postrender.errors import DevcacheError, raise_refusal
from postrender.manifests import nodes
from postrender.release import objects, render

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.declared.devcache import DevCache
    from postrender.krm.resource_list import ResourceList
    from postrender.result_cache import ResultCache

_WHERE = "the functionConfig"


def answer(
    resource_list: ResourceList,
    config: DevCache | None,
    revision: str,
    folder: Path,
    cache: ResultCache,
) -> list[bytes]:
    """Return the ResourceList with the modified items, in pieces.

    The limit of a Helm release does not apply.

    Args:
        resource_list: The input.
        config: The DevCache of `--config`, or None if it is the functionConfig or an item.
        revision: The release revision of a live DevCache without one.
        folder: The folder that relative package paths start from.
        cache: Results of earlier runs.

    Raises:
        DevcacheError: See `render.modify`. Its `answer` is the input with the error as a result.
    """
    try:
        declared = _declared(resource_list, config, revision)
        modified = render.modify(resource_list.documents, declared, folder, cache)
        if modified is None:  # the output of an earlier pass
            return [resource_list.text.encode()]
        settings, packages = objects.settings_first(modified.added)
        return resource_list.with_items(modified.documents, [*settings, *packages])
    except DevcacheError as error:
        error.answer = _with_error(resource_list, error)
        raise


def _declared(
    resource_list: ResourceList, config: DevCache | None, revision: str
) -> DevCache | None:
    """Return the DevCache of the functionConfig or of `--config`.

    kustomize needs a functionConfig of any kind, because its annotation has the path of the
    function. So an object of another kind declares nothing.

    Raises:
        DevcacheError: There are both, or the DevCache is invalid.
    """
    node = resource_list.function_config
    if node is None or nodes.text(nodes.get(node, "kind")) != devcache.KIND:
        return config
    if config:
        problem = "there is more than one DevCache"
        raise DevcacheError(problem, where=_WHERE, hint="omit --config")
    document = nodes.plain_value(node, where=_WHERE)
    spec = devcache.spec_of(document, where=_WHERE)
    return devcache.read(spec, refuse=raise_refusal).numbered(revision)


def _with_error(resource_list: ResourceList, error: DevcacheError) -> list[bytes]:
    """Return the list with the error as a result, or nothing if no edit of its text is possible."""
    try:
        return resource_list.with_error(str(error))
    except DevcacheError:  # stderr has the error in any case
        return []
