"""The exception type of the program, and the quotation of foreign text in its messages."""

from collections.abc import Callable

_QUOTED_LENGTH = 120
"""The longest quotation in a message, in characters: enough for a reference or a path."""


class DevcacheError(Exception):
    """A refusal: an error that the user can fix, never a defect of this program.

    The command line prints it as one message on stderr and exits with status 1.

    Attributes:
        problem: The problem, as a lower-case sentence without a full stop.
        where: The file, package or manifest field with the problem, or "".
        hint: The next step for the user, or "".
    """

    def __init__(self, problem: str, *, where: str = "", hint: str = "") -> None:
        """Store the three parts of a message."""
        super().__init__(problem, where, hint)
        self.problem = problem
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Return `where: problem`, with the hint on a second line."""
        message = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{message}\nhint: {self.hint}" if self.hint else message


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
    """
    return "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in text)


def one_line(text: str) -> str:
    """Return `text` as `printable` does, with its line breaks escaped as well."""
    return printable(text).replace("\n", "\\n")


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
