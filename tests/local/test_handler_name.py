"""Who gives a handler in another form than Lambda's, or one that is not there, is told which is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_tracer.local.commands.handler_name import check_handler, suggestion
from lambda_tracer.local.commands.usage import UsageError
from tests.local.command import invoke
from tests.local.texts import MODES

SOURCE = """
raise SystemExit("this file is read and not run")

def helper(a, b): ...
def other(event, context): ...
def lambda_handler(event, context): ...
def three(a, b, c): ...
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "app.py").write_text(SOURCE)
    (tmp_path / "src" / "main.py").write_text("async def run(event, context, /): ...\n")
    (tmp_path / "src" / "none.py").write_text("def f(a): ...\n")
    (tmp_path / "broken.py").write_text("def f(a, b) return\n")
    return tmp_path


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        *((form, "app.lambda_handler") for form in ("app", "app.py", "./app.py", "./app.lambda_handler")),
        ("app:other", "app.other"),
        ("app.py:other", "app.other"),
        ("app::nope", "app.lambda_handler"),
        ("src/main.py", "src/main.run"),
        ("src\\main.py", "src/main.run"),
        ("{root}/src/main.py", "src/main.run"),
        ("src/none.py", ""),
        ("broken.py", ""),
        ("/elsewhere/app.py", ""),
        ("../app.py", ""),
        ("../{name}/app.lambda_handler", ""),
        ("a\0.py", ""),
    ],
)
def test_what_comes_near_is_suggested(root: Path, given: str, meant: str) -> None:
    given = given.format(root=root, name=root.name)

    with pytest.raises(UsageError) as raised:
        check_handler(given, root)

    assert repr(given) in str(raised.value)
    assert str(raised.value).partition("; ")[2] == (f"did you mean {meant}?" if meant else "")
    if meant:
        check_handler(meant, root)
        assert suggestion(meant, root) == f"; did you mean {meant}?"


@MODES
def test_a_handler_that_is_not_there_is_told_with_one_that_is(folder: Path, mode: list[str]) -> None:
    (folder / "helper.py").write_text("WORD = 1\n")
    (folder / "uses.py").write_text("import helper\ndef handler(event, context):\n    return helper.WORD\n")

    wrong_name = invoke("uses.hander", *mode, folder=folder)
    wrong_root = invoke("payment/uses.handler", *mode, folder=folder.parent)

    assert wrong_name.complaints[0].endswith("; did you mean uses.handler?")
    assert wrong_root.complaints[0].endswith("; did you mean uses.handler with --task-root payment?")
