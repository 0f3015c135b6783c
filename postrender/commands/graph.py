"""`graph`: draws the dependency tree of the declared packages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from postrender import result_cache
from postrender.checks import dependencies
from postrender.checks.inputs import read
from postrender.declared import options
from postrender.errors import raise_refusal
from postrender.graph import dot, mermaid, tree, wording
from postrender.graph.graph import build
from postrender.interface import arguments
from postrender.interface.command import Command
from postrender.interface.report import Report

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from postrender.graph.graph import Graph
    from postrender.interface.progress import Tell
    from postrender.manifests.nodes import Plain


def run(  # noqa: PLR0913  # the options of the command line
    *,
    tell: Tell,
    values_files: Sequence[Path] = (),
    config: Path | None = None,
    crossplane: str = "",
    offline: bool = False,
    relative_to_file: bool = False,
) -> Report:
    """Return the dependencies of the declared packages. Problems in them are not a refusal.

    Args:
        tell: Shows the current step.
        values_files: Values files of our chart, or none.
        config: A file with a DevCache document in place of values files, or None.
        crossplane: The Crossplane version; by default the declared one, else that of our chart.
        offline: Whether each dependency must be local, regardless of the declaration.
        relative_to_file: Whether relative package paths start from the folder of the file that
            declares them, and not from the working directory.

    Raises:
        DevcacheError: The declaration is invalid, or the version is not supported.
    """
    spec, upstream = options.load(values_files, config, relative_to_file=relative_to_file)
    cache = result_cache.of_user(os.environ)
    inputs = read(
        spec, upstream, crossplane=crossplane, tell=tell, refuse=raise_refusal, cache=cache
    )
    resolutions = dependencies.settle(
        dependencies.resolve(inputs.packages, inputs.target),
        inputs.packages,
        offline=offline or inputs.declared.offline,
    )
    graph = build(inputs, resolutions)
    return Report(
        value=_value(graph),
        tables=(),
        tree=tree.draw(graph),
        summary=wording.summary(graph),
        texts={"mermaid": mermaid.draw(graph), "dot": dot.draw(graph)},
    )


def _value(graph: Graph) -> Plain:
    return {
        "crossplane": graph.crossplane,
        "packages": [
            {
                "name": node.key.name,
                "source": node.key.source,
                "version": node.version,
                "origin": node.origin,
                "path": node.path,
                "settings": list(node.settings),
                "problem": node.problem,
            }
            for node in graph.nodes
        ],
        "dependencies": [
            {
                "package": edge.package,
                "name": edge.key.name,
                "source": edge.key.source,
                "constraint": edge.constraint,
                "state": edge.state,
                "closesCycle": edge in graph.cycle_edges,
            }
            for edge in graph.edges
        ],
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    arguments.declaration(parser)
    arguments.declared_crossplane(parser)
    arguments.offline(parser, "draw dependencies that are not local as missing")
    forms = ("tree", "mermaid", "dot", "json")
    arguments.output(
        parser, forms, "tree for people, mermaid and dot for diagrams, json for programs"
    )


COMMAND = Command(
    help="draw the dependency tree of the declared packages",
    example="graph -f values.yaml --crossplane 2.4",
    arguments=_arguments,
    run=run,
    problem=arguments.declaration_problem,
    shows="progress",
)
