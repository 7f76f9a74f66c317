"""What stays of a block about an AWS call or a query that is too large for a document."""

from __future__ import annotations

from ..safe import safe_str
from ..xray import AWS_TEXTS, MAX_HTTP_TEXT
from .marker import HEAD, WORTH_CUTTING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SQL_TEXTS_TO_CUT = ("sanitized_query", "preparation", "connection_string", "url")


def short(name: str, block: Mapping[str, Any]) -> dict[str, str]:
    """What stays of the block of that name, `aws` or `sql`."""
    return short_aws(block) if name == "aws" else short_sql(block)


def short_aws(aws: Mapping[str, Any]) -> dict[str, str]:
    """What always stays of the block about an AWS call."""
    return {key: safe_str(aws[key])[:MAX_HTTP_TEXT] for key in AWS_TEXTS if aws.get(key) is not None}


def short_sql(sql: Mapping[str, Any]) -> dict[str, str]:
    """The block about a query, its long texts cut."""
    return {key: _shortened(key, safe_str(value)) for key, value in sql.items() if value is not None}


def _shortened(key: str, text: str) -> str:
    if key in _SQL_TEXTS_TO_CUT and len(text) > WORTH_CUTTING:
        return f"{text[:HEAD]}... [cut: {len(text)} characters]"
    return text[:MAX_HTTP_TEXT]
