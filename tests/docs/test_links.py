"""What the documentation links to or names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, PROJECT, anchors, headings, names, prose, tables

pytestmark = pytest.mark.once

LINKED = {**PAGES, "CHANGELOG.md": (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")}

NAMED = re.compile(r"(examples|benchmarks|docs|layer|requirements|tests)/[\w./-]*\w/?|[A-Z]+\.md")
"""A path into the project. `layer/dist` and what is in it is made by `make layer`."""


def targets(text: str) -> list[str]:
    return [target for target in re.findall(r"\]\(([^)]+)\)", prose(text)) if "://" not in target]


@pytest.mark.parametrize("page", LINKED)
def test_links_into_the_project_lead_somewhere(page: str) -> None:
    lost = []
    for target in targets(LINKED[page]):
        path, _, anchor = target.partition("#")
        linked = (PROJECT / page).parent / path if path else PROJECT / page
        if not linked.exists() or (anchor and anchor not in anchors(linked.read_text(encoding="utf-8"))):
            lost.append(target)

    assert lost == []


def test_the_readme_leads_to_every_part_of_the_documentation() -> None:
    linked = {Path(target.partition("#")[0]).as_posix() for target in targets(PAGES["README.md"])}

    guides = {page for page in PAGES if re.match("docs/(guides|libraries|deploy|migrate)/", page)}
    assert guides - linked == set()
    assert {"CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"} <= linked


@pytest.mark.parametrize("page", PAGES)
def test_no_two_headings_of_a_page_have_one_anchor(page: str) -> None:
    assert len(headings(PAGES[page])) == len(anchors(PAGES[page]))


@pytest.mark.parametrize("page", PAGES)
def test_a_path_that_is_named_is_there(page: str) -> None:
    named = {name for name in names([prose(PAGES[page])]) if NAMED.fullmatch(name)}

    assert [name for name in named if not (PROJECT / name).exists()] == []


def test_the_files_of_a_newcomers_tasks_are_there_and_at_most_four() -> None:
    tasks = {task: names([files]) for task, files in tables("CONTRIBUTING.md")}

    assert len(tasks) == 5
    assert [task for task, files in tasks.items() if len(files) > 4] == []
    # `<library>` stands for any of them.
    patterns = {name: re.sub("<[a-z]+>", "*", name) for files in tasks.values() for name in files}
    assert [name for name, pattern in patterns.items() if not any(PROJECT.glob(pattern))] == []
