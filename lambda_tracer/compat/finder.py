"""The finder of the compatible `aws_xray_sdk`, and the loader that makes its modules of the table.

Such a module has no source: it knows by the table what each of its names stands for, and fetches that when it is asked
for it. So an import costs what is used of it. Once fetched, a name is an ordinary one of the module, to be replaced and
put back as any other.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib import ModuleSpec

from .table import MODULES, PACKAGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.metadata import Distribution, DistributionFinder
    from types import ModuleType
    from typing import Any

NAME = "aws_xray_sdk"
ROOM = __name__.rpartition(".")[0]
FOLDER = os.path.dirname(os.path.abspath(__file__))
ADOPTED = {"core": "recorder", "core.emitters.udp_emitter": "emitter"}
"""Modules that, once imported, have objects of ours take part as their own kind; and where that is done."""


class Loader:
    """Makes one module of the table."""

    def __init__(self, below: str) -> None:
        """`below` is the module's name below `aws_xray_sdk`, empty for that itself."""
        self._below = below

    def create_module(self, spec: ModuleSpec) -> None:
        """None: an ordinary module."""

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its names, to be fetched when they are asked for."""
        below, names = self._below, _names(self._below)
        prefix = f"{below}." if below else ""

        def __getattr__(name: str) -> object:
            if name in names:
                value = _fetched(module.__name__, *names[name])
            elif prefix + name in MODULES and below in PACKAGES:
                value = _imported(f"{NAME}.{prefix}{name}")
            elif name == "__all__":
                return [each for each in names if not each.startswith("_")]
            else:
                raise AttributeError(_why(module.__name__, name))
            return vars(module).setdefault(name, value)

        def __dir__() -> list[str]:
            return sorted({*vars(module), *names})

        vars(module).update(__getattr__=__getattr__, __dir__=__dir__)
        if below in ADOPTED:
            _imported(f"{ROOM}.{ADOPTED[below]}").adopt()

    def is_package(self, fullname: str) -> bool:
        """See `importlib.abc.InspectLoader.is_package`."""
        return self._below in PACKAGES

    def get_code(self, fullname: str) -> None:
        """None: there is no code but that of the modules which the names come from."""

    get_source = get_code


class Finder:
    """Finds `aws_xray_sdk` and what is below it, in `sys.meta_path`."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        if fullname != NAME and not fullname.startswith(f"{NAME}."):
            return None
        below = fullname[len(NAME) + 1 :]
        if below not in MODULES:
            return None
        is_package = below in PACKAGES
        loader: Any = Loader(below)  # it has what the import system asks for
        spec = ModuleSpec(fullname, loader, origin=_file(below), is_package=is_package)
        spec.has_location = True
        if is_package:
            # There is no such folder. `pkgutil` and Django want a path, and `Folder` answers for it.
            virtual = os.path.join(FOLDER, *fullname.split("."))
            spec.submodule_search_locations = [virtual]
            sys.path_importer_cache[virtual] = Folder(below)
        return spec

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Sequence[Distribution]:
        """What `importlib.metadata.version("aws-xray-sdk")` asks for; nothing where everything is listed."""
        name = getattr(context, "name", None) or ""
        if name.lower().replace("_", "-") != NAME.replace("_", "-"):
            return []
        return [_distribution()]

    def invalidate_caches(self) -> None:
        """There are none."""

    def forget(self) -> None:
        """Take what was made out of `sys.modules`, and give objects of ours back their own kind."""
        for name in [name for name in sys.modules if name == NAME or name.startswith(f"{NAME}.")]:
            del sys.modules[name]
        for home in ADOPTED.values():
            adopting = sys.modules.get(f"{ROOM}.{home}")
            if adopting is not None:
                adopting.release()


class Folder:
    """The importer of a package's path: what `pkgutil` asks which modules there are."""

    def __init__(self, below: str) -> None:
        self._below = below

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """See `pkgutil.iter_modules`."""
        for below in MODULES:
            parent, _, name = below.rpartition(".")
            if name and parent == self._below:
                yield prefix + name, below in PACKAGES

    def find_spec(self, fullname: str, target: object = None) -> None:
        """None: what there is, `Finder` has found before."""


FINDER = Finder()


def _names(below: str) -> dict[str, tuple[str, str]]:
    """Of each name in a module: the module of ours that has it, below the package, and what it is called there."""
    names: dict[str, tuple[str, str]] = {}
    for part in MODULES[below].split(";"):
        home, _, listed = part.strip().partition(": ")
        for name in listed.split():
            name, _, called = name.partition("=")
            names[name] = (home, called or name)
    return names


def _fetched(module: str, home: str, name: str) -> object:
    if home == "log":
        import logging

        return logging.getLogger(module)
    if home == "module":
        return _imported(f"{NAME}.{name}")
    value = _imported(f"{ROOM}.{home}" if not home.startswith("/") else f"lambda_tracer.{home[1:]}")
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _imported(name: str) -> ModuleType:
    __import__(name)
    return sys.modules[name]


def _file(below: str) -> str:
    """Where what is in a module is defined, for `inspect` and for people."""
    home = MODULES[below].partition(":")[0]
    if home in ("", "log", "module"):
        return os.path.join(FOLDER, "table.py")
    parts = home[1:].split(".") if home.startswith("/") else ["compat", *home.split(".")]
    return os.path.join(os.path.dirname(FOLDER), *parts) + ".py"


def _distribution() -> Distribution:
    from importlib.metadata import Distribution  # which asks

    from .config import VERSION

    class Compatible(Distribution):
        """What `importlib.metadata` says of the SDK: the release whose names these are, and no files."""

        def read_text(self, filename: str) -> str | None:
            named = f"Metadata-Version: 2.1\nName: aws-xray-sdk\nVersion: {VERSION}\n"
            return named if filename == "METADATA" else None

        def locate_file(self, path: Any) -> Any:
            raise FileNotFoundError(f"the compatible aws-xray-sdk has no files: {path}")

    return Compatible()


def _why(module: str, name: str) -> str:
    private = (
        ": that is private to the X-Ray SDK" if name.startswith("_") and not name.startswith("__") else ""
    )
    return f"module {module!r} has no attribute {name!r} in lambda_tracer's compatible names{private}"
