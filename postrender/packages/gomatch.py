"""Go's filepath.Match, which is what `crossplane xpkg build --ignore` means by a pattern."""

from __future__ import annotations

import posixpath
import re

from postrender.errors import DevcacheError, quoted

_ITEM = r"(?:\\.|[^\\\]-])"
_TOKEN = re.compile(
    rf"(?P<star>\*)|(?P<any>\?)|\[(?P<not>\^?+)(?P<set>(?:{_ITEM}(?:-{_ITEM})?)+)\]"
    r"|\\(?P<escaped>.)|(?P<plain>[^\\\[*?])",
    re.DOTALL,
)
_RANGE = re.compile(rf"({_ITEM})(?:-({_ITEM}))?", re.DOTALL)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a regular expression that fully matches the paths which `pattern` matches.

    `*` and `?` do not match a slash, `[a-c]` and `[^a-c]` are sets, a backslash escapes. Blank
    steps (`./`, `//`, a slash at either end) do not matter, as crank cleans the path it joins.

    Raises:
        DevcacheError: Go calls it a bad pattern.
    """
    clean = posixpath.normpath(f"./{pattern}")
    parts: list[str] = []
    position = 0
    while position < len(clean):
        token = _TOKEN.match(clean, position)
        if token is None:
            problem = f"bad pattern {quoted(pattern)} in ignore"
            hint = "a set in brackets is not closed or empty, or a backslash stands at the end"
            raise DevcacheError(problem, hint=hint)
        parts.append(_translated(token))
        position = token.end()
    return re.compile("".join(parts), re.DOTALL)


def _translated(token: re.Match[str]) -> str:
    if token["star"]:
        return "[^/]*"
    if token["any"]:
        return "[^/]"
    if token["set"] is not None:
        ranges = (match.groups() for match in _RANGE.finditer(token["set"]))
        return _set(
            [(low[-1], (high or low)[-1]) for low, high in ranges], negated=bool(token["not"])
        )
    return re.escape(token["escaped"] or token["plain"])


def _set(ranges: list[tuple[str, str]], *, negated: bool) -> str:
    """Return a set of characters; a range that runs backwards holds none, as in Go."""
    members = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges if low <= high)
    if not members:
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{members}]"
