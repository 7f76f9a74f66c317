"""The result of an invocation on standard output, and why there is none where the function could not start."""

from __future__ import annotations

import json
import re
from typing import Any

from lambda_tracer.local.receive.json_value import NotJSON, is_deep, numbers_beyond_floats, read_deep
from lambda_tracer.local.receive.plain_text import escaped_json

MAX_MESSAGE = 10_000
"""Characters of why a function can't start."""


def result_text(text: str, is_terminal: bool) -> str:
    """What a function has answered, as JSON: indented for people, on one line and otherwise untouched for programs."""
    try:
        value = read_deep(text)
    except NotJSON:
        return escaped_json(json.dumps(text, ensure_ascii=False))
    if is_terminal and not is_deep(value) and not numbers_beyond_floats(value):
        return escaped_json(json.dumps(value, indent=2, ensure_ascii=False))
    # In what is JSON such characters stand between its tokens only.
    return escaped_json(re.sub(r"[\r\n\t]+ *", " ", text).strip())


def init_failure(error: dict[str, Any]) -> str:
    """One line for why the function could not start; with the stack where the module's own code raised."""
    message = " ".join(str(error.get("errorMessage", "")).split())[:MAX_MESSAGE]
    message = re.sub(r"^RequestId: \S+ Error: ", "", message)
    text = f"{error.get('errorType', 'Error')}: {message}"
    stack = error.get("stackTrace") or []
    if error.get("errorType") == "Runtime.UserCodeSyntaxError" or not isinstance(stack, list):
        return text
    shown = [str(entry).rstrip() for entry in stack if "importlib" not in str(entry).partition(",")[0]]
    return "\n".join([text, *shown])
