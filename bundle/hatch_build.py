"""The build hook that puts the bundles into a wheel: see `lambda_tracer.bundle`. The sources stay as they are."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Makes the bundles in a folder of its own, lest an installation from the sources finds old ones."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See hatchling's interface."""
        if version == "editable":
            return
        spec = importlib.util.spec_from_file_location("bundle_build", Path(self.root) / "bundle" / "build.py")
        assert spec is not None
        assert spec.loader is not None
        build = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(build)
        self.folder = tempfile.TemporaryDirectory()  # gone with this hook, if not before
        bundles = Path(self.folder.name)
        made = build.make(Path(self.root) / "lambda_tracer", build.interpreters(), bundles)
        if build.report(made, is_every_needed=bool(os.environ.get("BUNDLE_EVERY_PYTHON"))):
            raise SystemExit("BUNDLE_EVERY_PYTHON is set, and not every Python was found")
        build_data["force_include"].update(
            {str(path): f"lambda_tracer/bundles/{path.name}" for path in bundles.iterdir()}
        )

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """See hatchling's interface."""
        if version != "editable":
            self.folder.cleanup()
