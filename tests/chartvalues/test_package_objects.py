"""Text of the user in a template of the chart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postrender.chartvalues.package_objects import literal

ACTION = "{{ `{{` }}"
TEXTS = st.text("{}`\"' -a\n")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=5,
)


@given(TEXTS)
def test_a_template_renders_the_text(text: str) -> None:
    template = literal(text)
    assert isinstance(template, str)
    others = template.split(ACTION)
    assert not any("{{" in other for other in others), "there is no other action"
    assert "{{".join(others) == text


@given(VALUES)
def test_every_text_is_literal(value: object) -> None:
    assert repr(literal(value)).replace(ACTION, "{{") == repr(value)  # type: ignore[arg-type]
