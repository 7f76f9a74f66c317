"""What boto3 and other clients of AWS say. What a service answered is kept."""

from __future__ import annotations

import re

from .error import read, text_of
from .text import without_queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner


def message(error: BaseException, inner: Inner) -> str:
    text, answer = text_of(error), read(error, "response")
    if type(answer) is dict and "Error" in answer:
        return text  # what the service said
    text = re.sub(r"((?:invalid|not well-formed) \w+ received).*", r"\1", text, flags=re.DOTALL)
    for mark in (", value: ", " for value ", "Invalid value (", "Unknown key "):
        if mark in text:
            text = text.partition(mark)[0] + (mark.rstrip(" (") if mark[0].isupper() else "") + "..."
    text = re.sub(r"\bb(['\"]).*\1", "?", text, flags=re.DOTALL)
    text = re.sub(r'(Unknown parameter in [\w.]+:|Invalid bucket name) ".*', r"\1 ?", text, flags=re.DOTALL)
    is_about_url = "url" in text.lower()
    text = without_queries(text)
    return text.partition("?")[0] + "..." if is_about_url and "?" in text else text
