"""Values from elsewhere: JSON that every reader takes, and text that no terminal obeys."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from lambda_tracer.local.receive.json_value import as_json
from lambda_tracer.local.receive.plain_text import escaped, escaped_json
from tests.local.hostile_documents import CONTROLS, TEXTS
from tests.local.texts import commands_in, strictly


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800", [[["deep"]] * 3], {"a\udfff": -math.inf}])
def test_what_json_has_not_is_written_as_text(value: Any) -> None:
    strictly(as_json({"value": value}))


@pytest.mark.parametrize("text", [*TEXTS, CONTROLS], ids=ascii)
def test_escaped_text_is_plain_and_escaped_json_the_same_value(text: str) -> None:
    assert commands_in(escaped(text)) == set()
    assert json.loads(escaped_json(json.dumps(text, ensure_ascii=False))) == text
