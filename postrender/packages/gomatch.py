"""Translates the patterns of Go's filepath.Match, as in `crossplane xpkg build --ignore`."""

from __future__ import annotations

import posixpath
import re

from postrender.errors import DevcacheError, quoted

_ITEM = r"(?:\\.|[^\\\]-])"
_TOKEN = (
    rf"(?P<star>\*)|(?P<any>\?)|\[(?P<not>\^?+)(?P<set>(?:{_ITEM}(?:-{_ITEM})?)+)\]"
    r"|\\(?P<escaped>.)|(?P<plain>[^\\\[*?])"
)
_RANGE = rf"({_ITEM})(?:-({_ITEM}))?"


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return a regular expression whose full matches are the matches of `pattern`.

    `*` and `?` do not match a slash, `[a-c]` and `[^a-c]` are sets, a backslash escapes. Empty
    steps (`./`, `//`, a slash at either end) are ignored, because crank cleans the joined path.

    Raises:
        DevcacheError: The pattern is malformed by Go's rules, or leads out of the directory.
    """
    clean = posixpath.normpath(f"./{pattern}")
    if clean.split("/")[0] == "..":
        problem = f"the pattern {quoted(pattern)} in ignore leads out of the package directory"
        raise DevcacheError(problem, hint="write it relative to the package directory")
    chunks = [""]
    position = 0
    tokens = re.compile(_TOKEN, re.DOTALL)
    while position < len(clean):
        token = tokens.match(clean, position)
        if token is None:
            problem = f"bad pattern {quoted(pattern)} in ignore"
            hint = "close each bracket, do not leave it empty, and do not end with a backslash"
            raise DevcacheError(problem, hint=hint)
        if token["star"]:
            chunks.append("")
        else:
            chunks[-1] += _translate(token)
        position = token.end()
    first, *others = chunks
    # Like Go, do not go back behind a star when a later one follows: that takes exponential time.
    stars = [f"(?>[^/]*?{chunk})" for chunk in others[:-1]]
    stars += [f"[^/]*{chunk}" for chunk in others[-1:]]
    return re.compile("".join([first, *stars]), re.DOTALL)


def escape(path: str) -> str:
    """Return the pattern that matches only `path`, or also similar paths if it is not UTF-8."""
    literal = re.sub(r"[\\*?\[]", r"\\\g<0>", path)
    return re.sub("[\ud800-\udfff]", "?", literal)  # Go matches one byte that is not UTF-8


def _translate(token: re.Match[str]) -> str:
    if token["any"]:
        return "[^/]"
    if token["set"] is not None:
        ranges = (match.groups() for match in re.finditer(_RANGE, token["set"], re.DOTALL))
        return _set(
            [(low[-1], (high or low)[-1]) for low, high in ranges], negated=bool(token["not"])
        )
    return re.escape(token["escaped"] or token["plain"])


def _set(ranges: list[tuple[str, str]], *, negated: bool) -> str:
    """Return a set of characters; a backward range is empty, as in Go."""
    members = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges if low <= high)
    if not members:
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{members}]"
