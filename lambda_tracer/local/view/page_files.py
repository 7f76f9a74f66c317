"""The files of the page, as they are in the folder `page`."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "page"

_PATH = re.compile(r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[a-z0-9]+")

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
}


def page_file(path: str) -> tuple[bytes, str] | None:
    """Content and content type of the file at `path`, relative to the folder; None if there is none to be served."""
    content_type = _TYPES.get(path.rpartition(".")[2])
    if content_type is None or not _PATH.fullmatch(path):
        return None
    try:
        return (FOLDER / path).read_bytes(), content_type
    except OSError:
        return None
