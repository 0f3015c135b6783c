"""The one exception type, and how its messages quote what somebody else wrote."""

from collections.abc import Callable

_QUOTED_LENGTH = 120
"""Longest quotation in a message, in characters: a reference or path fits, a document does not."""


class DevcacheError(Exception):
    """Something that the user can put right: a refusal, never a defect of this program.

    The command line turns it into one message on stderr and exit status 1.

    Attributes:
        problem: What is wrong, in one lower-case sentence without a full stop.
        where: The file, package or manifest field that it is about, or "".
        hint: What to do next, or "".
    """

    def __init__(self, problem: str, *, where: str = "", hint: str = "") -> None:
        """Hold the three parts of a message."""
        super().__init__(problem, where, hint)
        self.problem = problem
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Return `where: problem`, with the hint on a second line."""
        message = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{message}\nhint: {self.hint}" if self.hint else message


Refuse = Callable[[DevcacheError], None]
"""What becomes of a refusal: the filter raises the first, `check` collects them all."""


def raised(refusal: DevcacheError) -> None:
    """Raise a refusal."""
    raise refusal


def quoted(text: str) -> str:
    """Return `text` in double quotes, escaped, and cut when it is long."""
    shown = text if len(text) <= _QUOTED_LENGTH else text[:_QUOTED_LENGTH] + "..."
    shown = shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{printable(shown)}"'


def printable(text: str) -> str:
    """Return `text` safe to show in a terminal and inside a YAML block scalar.

    Control characters, U+0085, U+2028 and their like are escaped, line breaks kept: in a terminal
    they could rewrite the message, and in Helm 4 they would end the scalar that carries it.
    """
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text)


def one_line(text: str) -> str:
    """Return `text` safe to show as part of a line: `printable`, line breaks escaped, too."""
    return printable(text).replace("\n", "\\n")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
