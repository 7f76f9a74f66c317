"""Programs: which files run together, and therefore have one recorder.

Where a file must stay on the X-Ray SDK, all that runs in one program with it stays too: two recorders would make two
trees of one trace. A program is a file and all that it imports, found as Python would find it in any of the project's
folders. Where that is not clear, more is taken to run together than does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\r\n;#]*)|import[ \t]+([^\r\n;#]+))",
    re.MULTILINE,
)
_NAME = re.compile(rb"[A-Za-z_][\w.]*")


class Programs:
    """The files of a project as a graph of imports."""

    def __init__(self, sources: Mapping[PurePosixPath, bytes]) -> None:
        """`sources` are all Python files of the project."""
        self._by_name: dict[str, list[PurePosixPath]] = defaultdict(list)
        self._paths = set(sources)
        for path in sources:
            self._by_name[_module_parts(path)[-1] if _module_parts(path) else ""].append(path)
        self._imports: dict[PurePosixPath, set[PurePosixPath]] = {}
        self._reached: dict[PurePosixPath, set[PurePosixPath]] = {}
        self._imported_by: dict[PurePosixPath, set[PurePosixPath]] = defaultdict(set)
        for path, raw in sources.items():
            self._imports[path] = set(self._imported(path, raw)) - {path}
        for path, others in self._imports.items():
            for other in others:
                self._imported_by[other].add(path)

    def together_with(
        self, staying: Iterable[PurePosixPath], about: set[PurePosixPath]
    ) -> set[PurePosixPath]:
        """Of the files `about`: those that run in one program with one that stays, or with one of these."""
        found: set[PurePosixPath] = set()
        entries: set[PurePosixPath] = set()
        reached: set[PurePosixPath] = set()
        waiting = [path for path in staying if path in self._imports]
        while waiting:
            path = waiting.pop()
            if path in found:
                continue
            found.add(path)
            new = self._closure([path], self._imported_by, entries)
            entries |= new
            more = self._closure(new, self._imports, reached)
            reached |= more
            waiting += more & about
        return found

    def reached_from(self, path: PurePosixPath) -> set[PurePosixPath]:
        """What runs when a file does."""
        if path not in self._reached:
            self._reached[path] = self._closure([path], self._imports, set())
        return self._reached[path]

    @staticmethod
    def _closure(
        start: Iterable[PurePosixPath],
        edges: Mapping[PurePosixPath, set[PurePosixPath]],
        known: set[PurePosixPath],
    ) -> set[PurePosixPath]:
        found: set[PurePosixPath] = set()
        waiting = [path for path in start if path not in known]
        while waiting:
            path = waiting.pop()
            if path not in found:
                found.add(path)
                waiting += [other for other in edges.get(path, ()) if other not in known]
        return found

    def _imported(self, path: PurePosixPath, raw: bytes) -> Iterator[PurePosixPath]:
        for found in _IMPORT.finditer(raw):
            if found[3] is not None:
                for name in _NAME.findall(found[3]):
                    yield from self._modules(path, name.decode(errors="replace"))
                continue
            module = found[1].decode(errors="replace")
            yield from self._modules(path, module)
            for name in _NAME.findall(found[2]):
                separator = "" if not module or module.endswith(".") else "."
                yield from self._modules(path, f"{module}{separator}{name.decode(errors='replace')}")
        if _is_pytest(path):
            for folder in path.parents:
                if (conftest := folder / "conftest.py") in self._paths:
                    yield conftest

    def _modules(self, importer: PurePosixPath, name: str) -> list[PurePosixPath]:
        """The files that `name` may be, and the packages that are run before it."""
        relative = len(name) - len(name.lstrip("."))
        parts = [part for part in name.split(".") if part]
        if relative:
            folder = importer.parent
            for _ in range(relative - 1):
                folder = folder.parent
            return self._files(folder, parts)
        if not parts:
            return []
        near = self._files(importer.parent, parts)
        if near:
            return near
        roots = {
            folder
            for path in self._by_name.get(parts[-1], ())
            for own in [_module_parts(path)]
            if tuple(own[-len(parts) :]) == tuple(parts)
            for folder in [_root_of(path, len(parts))]
        }
        return [path for root in roots for path in self._files(root, parts)]

    def _files(self, folder: PurePosixPath, parts: list[str]) -> list[PurePosixPath]:
        found = []
        here = folder
        for part in parts[:-1]:
            here = here / part
            found.append(here / "__init__.py")
        last = here / parts[-1] if parts else here
        targets = (
            [last.with_name(f"{last.name}.py"), last / "__init__.py"] if parts else [here / "__init__.py"]
        )
        targets = [path for path in targets if path in self._paths]
        return [*(path for path in found if path in self._paths), *targets] if targets else []


def _module_parts(path: PurePosixPath) -> list[str]:
    parts = list(path.with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def _root_of(path: PurePosixPath, length: int) -> PurePosixPath:
    """The folder in which the module's first name is found."""
    up = length + 1 if path.name == "__init__.py" else length
    return PurePosixPath(*path.parts[: len(path.parts) - up])


def _is_pytest(path: PurePosixPath) -> bool:
    return path.name.startswith("test_") or path.name.endswith("_test.py")
