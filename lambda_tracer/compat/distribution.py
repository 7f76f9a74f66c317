"""CompatibleDistribution: what `importlib.metadata` says of the X-Ray SDK where its names are ours."""

from __future__ import annotations

from importlib.metadata import Distribution

from .config import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any


class CompatibleDistribution(Distribution):
    """The distribution `aws-xray-sdk`, of the release whose names these are. It has no files."""

    def read_text(self, filename: str) -> str | None:
        """The metadata; None for any other file."""
        if filename == "METADATA":
            return f"Metadata-Version: 2.1\nName: aws-xray-sdk\nVersion: {VERSION}\n"
        return None

    def locate_file(self, path: str | os.PathLike[str]) -> Any:
        """See `importlib.metadata.Distribution.locate_file`."""
        raise FileNotFoundError(f"the compatible aws-xray-sdk has no files: {path}")
