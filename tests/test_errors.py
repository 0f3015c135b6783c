"""Messages: foreign text in them is printable and short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender import errors
from postrender.errors import DevcacheError

ANY = st.text(st.characters(exclude_categories=()), max_size=100)
"""Any text, also with surrogates and control characters."""


@given(where=ANY, problem=ANY, hint=ANY)
def test_a_message_is_printable_and_has_a_line_and_a_hint(
    where: str, problem: str, hint: str
) -> None:
    first, *others = str(DevcacheError(problem, where=where, hint=hint)).split("\n")
    assert first.isprintable()
    assert [line.isprintable() and line[:6] for line in others] == (["hint: "] if hint else [])


@given(ANY)
def test_shown_text_is_printable(text: str) -> None:
    assert all(line.isprintable() for line in errors.printable(text).split("\n"))
    assert errors.one_line(text).isprintable()
    assert errors.quoted(text).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a" * 2000, "a" * 2000, id="at the limit"),
        pytest.param(f"a{'b' * 100_000}c", f"a{'b' * 998}...{'b' * 997}c", id="without its middle"),
        pytest.param(f"{'a' * 3000}\nb", f"{'a' * 999}...{'a' * 998}\nb", id="each line by itself"),
        pytest.param(
            "\x1b" * 600,
            "\\x1b" * 249 + "\\x1" + "..." + "1b" + "\\x1b" * 249,
            id="after the escapes",
        ),
    ],
)
def test_a_long_line_loses_its_middle(text: str, shown: str) -> None:
    assert errors.printable(text) == shown


def test_a_long_place_leaves_the_problem_to_read() -> None:
    message = errors.printable(str(DevcacheError("is missing", where="a" * 100_000)))
    assert message.startswith("aaa")
    assert message.endswith("a: is missing")
    assert len(message) < 2100


def test_a_long_quotation_is_cut() -> None:
    assert errors.quoted("a" * 121) == f'"{"a" * 120}..."'
