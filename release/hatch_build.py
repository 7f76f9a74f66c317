"""What hatchling calls when it builds a wheel: puts the amalgamation in; see `amalgamation`.

Not into an editable installation, which runs the sources, and not into the source distribution. Nothing is written
into the source tree.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AmalgamationHook(BuildHookInterface[Any]):
    """Makes the wheel's `__init__.py` and `_amalgamation.py`. A file that is forced in replaces that of the sources."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is built; `version` is "standard" or "editable"."""
        if version != "standard":
            return
        sys.path.insert(0, self.root)  # a build in an environment of its own does not start in this folder
        try:
            from release import amalgamation
        finally:
            sys.path.remove(self.root)
        root = Path(self.root).resolve()
        package = root / "lambda_tracer"
        # Of a file that lies inside the project hatchling does not see that it replaces another one.
        is_inside = root in [folder := Path(tempfile.gettempdir()).resolve(), *folder.parents]
        self._folder = tempfile.TemporaryDirectory(dir=root.parent if is_inside else None)
        for name, data in amalgamation.released(package).items():
            path = Path(self._folder.name) / name
            path.write_bytes(data)
            build_data["force_include"][str(path)] = f"{package.name}/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the wheel is there."""
        if version == "standard":
            self._folder.cleanup()
