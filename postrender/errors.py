"""The exception type of the program, and foreign text in its messages."""

from collections.abc import Callable, Iterable, Sequence

_QUOTED_LENGTH = 120
"""The longest quotation in a message, in characters: enough for a reference or a path."""

_LINE_LENGTH = 2000
"""The longest line of a message, in characters. A longer one loses its middle."""


class DevcacheError(Exception):
    """A refusal: an error that the user can fix, never a defect of this program.

    The command line prints it as one message on stderr and exits with status 1.

    Attributes:
        problem: The problem, as a lower-case sentence without a full stop.
        where: The file, package or manifest field with the problem, or "".
        hint: The next step for the user, or "".
        answer: The output besides the message, in pieces, where a protocol requires one.
    """

    answer: Sequence[bytes] = ()

    def __init__(self, problem: str, *, where: str = "", hint: str = "") -> None:
        """Store the three parts of a message."""
        super().__init__(problem, where, hint)
        self.problem = problem
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Return `where: problem`, with the hint on a second line."""
        where, problem, hint = map(one_line, (self.where, self.problem, self.hint))
        message = f"{where}: {problem}" if where else problem
        return f"{message}\nhint: {hint}" if hint else message


Refuse = Callable[[DevcacheError], None]
"""A callback for refusals: the filter raises the first one, `check` collects all of them."""


def raise_refusal(refusal: DevcacheError) -> None:
    """Raise a refusal."""
    raise refusal


def quoted(text: str) -> str:
    """Return `text` in double quotes, escaped, and shortened if it is long."""
    excerpt = text if len(text) <= _QUOTED_LENGTH else text[:_QUOTED_LENGTH] + "..."
    excerpt = excerpt.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{printable(excerpt)}"'


def printable(text: str) -> str:
    """Return `text` in a form that is safe in a terminal and inside a YAML block scalar.

    Control characters, U+0085, U+2028 and similar ones are escaped, but not line breaks. In a
    terminal these characters could rewrite the message; in Helm 4 they would end the scalar.
    Long lines are shortened.
    """
    escaped = "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in text)
    return "\n".join(shortened(line, _LINE_LENGTH) for line in escaped.split("\n"))


def closest(word: str, words: Iterable[str]) -> str:
    """Return `did you mean ...?` with the word that is most similar, or "" if none is."""
    import difflib  # noqa: PLC0415  # slow to import, and only errors need it

    close = difflib.get_close_matches(word, list(words), n=1)
    return f"did you mean {close[0]}?" if close else ""


def is_utf8(text: str) -> bool:
    """Return whether a path or an argument is UTF-8; Python turns other bytes into surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def one_line(text: str) -> str:
    """Return `text` as `printable` does, with its line breaks escaped as well."""
    return printable(text.replace("\n", "\\n"))


def reason(error: OSError) -> str:
    """Return the reason that the system gives, e.g. `no space left on device`."""
    return (error.strerror or "input or output error").lower()


def enumeration(entries: Sequence[str], limit: int) -> str:
    """Return the first entries of a list for a message, and the number of the others."""
    more = f", and {len(entries) - limit} more" if len(entries) > limit else ""
    return ", ".join(entries[:limit]) + more


def shortened(line: str, length: int) -> str:
    """Return a line, without its middle if it has more than `length` characters."""
    end = (length - len("...")) // 2
    return line if len(line) <= length else f"{line[: length - len('...') - end]}...{line[-end:]}"


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
