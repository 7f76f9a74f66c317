"""Patterns of rules say what the X-Ray SDK's do."""

from __future__ import annotations

import pytest
from aws_xray_sdk.core.utils.search_pattern import wildcard_match
from hypothesis import given
from hypothesis import strategies as st

from lambda_tracer.compat import helpers
from lambda_tracer.segments.sampling.pattern import matches


@given(st.text("abA*?.\n", max_size=8), st.text("abA.\n", max_size=8), st.booleans())
def test_a_pattern_is_for_the_texts_that_it_is_for_in_the_sdk(
    pattern: str, text: str, ignores_case: bool
) -> None:
    expected = wildcard_match(pattern, text, ignores_case)

    assert matches(pattern, text, ignores_case=ignores_case) == expected
    assert helpers.wildcard_match(pattern, text, ignores_case) == expected


@pytest.mark.parametrize("last", ["a", "b"])
def test_a_pattern_with_many_stars_is_answered_at_once(last: str) -> None:
    """One that tries all ways to divide the text would take days."""
    assert matches("*a" * 60 + "*" + last, "a" * 5_000) == (last == "a")
