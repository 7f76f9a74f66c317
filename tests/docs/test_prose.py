"""The sentences of the documentation are short."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.docs.pages import PAGES, prose

pytestmark = pytest.mark.once

MAX_WORDS = 29


def sentences(text: str) -> Iterator[str]:
    """The sentences of a page, without tables, headings, quotations and the addresses of links."""
    lines = [line for line in prose(text).splitlines() if not line.startswith(("|", "#", ">", ":::", "    "))]
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:- |\d+\. ))", "\n".join(lines)):
        running = re.sub(r"\]\([^)]*\)", "]", " ".join(paragraph.split()))
        yield from re.split(r"(?<=[.!?:;])[*_]*\s+(?=[A-Z`*\[\"])", running)


@pytest.mark.parametrize("page", PAGES)
def test_a_sentence_has_fewer_than_thirty_words(page: str) -> None:
    words = {sentence: len(re.findall(r"\S*\w\S*", sentence)) for sentence in sentences(PAGES[page])}

    assert {sentence: count for sentence, count in words.items() if count > MAX_WORDS} == {}
