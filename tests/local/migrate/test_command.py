"""`lambda-tracer migrate` as a user runs it: what it shows, what it writes, and what it leaves alone."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lambda_tracer.local.migrate.migration import Migration
from lambda_tracer.local.migrate.project import Project
from lambda_tracer.local.migrate.writing import Refused, write_file
from tests.local.command import COMMAND, Ran, environment
from tests.local.migrate.projects import LIST, make, plan_of

SDK = "from aws_xray_sdk.core import patch_all\n"
OURS = "from lambda_tracer import patch_all\n"


def migrate(*arguments: str, folder: Path, **variables: str) -> Ran:
    """The command, in a pipe."""
    done = subprocess.run(
        [*COMMAND, "migrate", *arguments],
        cwd=folder,
        env=environment(variables),
        capture_output=True,
        check=False,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_dry_run_shows_a_patch_and_writes_nothing(tmp_path: Path) -> None:
    folder = make(tmp_path / "a", {"app.py": SDK, "requirements.txt": LIST})

    shown = migrate(folder=folder)

    assert (shown.exit_code, shown.complaints) == (0, ["2 files would change. Write them with --write."])
    assert (folder / "app.py").read_text() == SDK
    assert shown.out.splitlines()[:5] == [
        "--- a/app.py",
        "+++ b/app.py",
        "@@ -1 +1 @@",
        f"-{SDK.strip()}",
        f"+{OURS.strip()}",
    ]
    if patch := shutil.which("patch"):
        subprocess.run([patch, "-p1"], input=shown.out.encode(), cwd=folder, check=True, capture_output=True)
        assert plan_of(folder).changes == []


def test_patch_takes_what_files_of_other_systems_and_editors_have(tmp_path: Path) -> None:
    texts = {
        "crlf.py": f"{SDK}x = 1\n".replace("\n", "\r\n"),
        "bom.py": f"\ufeff{SDK}",
        "feeds.py": f"\f\n{SDK}x = 'a\u2028b\vc'\ny = 1\n",
        "no end.py": SDK.strip(),
        "requirements.txt": LIST,
    }
    folder = tmp_path / "a"
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())

    shown = migrate(folder=folder)

    if patch := shutil.which("patch"):
        command = [patch, "--binary", "--fuzz=0", "-p1"]
        subprocess.run(command, input=shown.out.encode(), cwd=folder, check=True, capture_output=True)
        assert plan_of(folder).changes == []
        for name, text in list(texts.items())[:-1]:
            assert (folder / name).read_bytes() == text.replace(SDK.strip(), OURS.strip()).encode()


def test_it_writes_when_told_and_keeps_what_is_not_its_own(tmp_path: Path) -> None:
    elsewhere = make(tmp_path / "elsewhere", {"app.py": SDK})
    folder = make(
        tmp_path / "a",
        {
            "app.py": SDK,
            "requirements.txt": LIST,
            "node_modules/a.py": SDK,
            ".venv/a.py": SDK,
            ".aws-sam/build/a.py": SDK,
            "own/pyvenv.cfg": "",
            "own/a.py": SDK,
            "unreadable.py": SDK,
        },
    )
    (folder / "app.py").chmod(0o754)
    (folder / "linked.py").symlink_to(elsewhere / "app.py")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "loop").symlink_to(folder)

    written = migrate("--write", folder=folder)
    again = migrate("--write", folder=folder)

    assert (written.exit_code, written.complaints) == (0, ["3 files changed."])
    assert (again.exit_code, again.out, again.complaints) == (0, "", ["Nothing to change."])
    assert (folder / "app.py").read_text() == OURS
    assert (folder / "app.py").stat().st_mode & 0o777 == 0o754
    untouched = ["node_modules/a.py", ".venv/a.py", ".aws-sam/build/a.py", "own/a.py"]
    assert [(folder / name).read_text() for name in untouched] == [SDK] * 4
    assert (elsewhere / "app.py").read_text() == SDK
    assert (folder / "linked.py").is_symlink()
    assert sorted(path.name for path in folder.iterdir() if path.name.endswith(".new")) == []


def test_it_leaves_what_git_ignores_and_runs_nothing_that_a_repository_names(tmp_path: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("there is no git here")
    folder = make(
        tmp_path, {"app.py": SDK, "gen/app.py": SDK, ".gitignore": "gen/\n", "requirements.txt": LIST}
    )
    subprocess.run([git, "init", "-q"], cwd=folder, check=True)
    monitor = folder / "monitor.sh"
    monitor.write_text(f"#!/bin/sh\ntouch {folder}/ran\n")
    monitor.chmod(0o755)
    subprocess.run([git, "config", "core.fsmonitor", str(monitor)], cwd=folder, check=True)

    shown = migrate(folder=folder)

    assert "a/app.py" in shown.out
    assert "gen/app.py" not in shown.out
    assert not (folder / "ran").exists()


def test_exit_code_1_says_that_somebody_must_look(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "app.py": f"from aws_xray_sdk.core.models.segment import Segment\n{SDK}",
            "b.py": "import app\n" + SDK,
        },
    )

    ran = migrate(folder=tmp_path)

    assert ran.exit_code == 1
    assert ran.out == ""
    assert ran.complaints[:2] == [
        "To look at:",
        "  app.py:1: aws_xray_sdk.core.models.segment.Segment: the segment is Lambda's, lambda_tracer makes none: "
        "take it out, or run it unchanged under lambda_tracer.compat",
    ]
    assert ran.complaints[3] == "  b.py"
    assert ran.complaints[-1] == "Nothing changed."


def test_bad_usage_is_one_line(tmp_path: Path) -> None:
    for arguments, message in {
        ("nowhere",): "no such file or folder: 'nowhere'",
        ("--layer", "x"): "--layer: expected the ARN of a layer version: 'x'",
        ("--wrote",): "unrecognized arguments: --wrote",
    }.items():
        ran = migrate(*arguments, folder=tmp_path)

        line = f"lambda-tracer: {message} (see lambda-tracer migrate --help)"
        assert (ran.exit_code, ran.out, ran.complaints) == (2, "", [line])


def test_a_missing_extra_is_one_line(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['tree_sitter'] = None\n"
        "import importlib.util; real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda n: None if n == 'tree_sitter' else real(n)\n"
        "from lambda_tracer.local.cli import main; sys.exit(main(['migrate']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (
        2,
        "lambda-tracer: tree_sitter is not installed: pip install 'lambda-tracer[migrate]'\n",
    )


def test_nothing_in_a_project_acts_on_the_terminal(tmp_path: Path) -> None:
    name = "a\x1b]0;title\x07\u202eb.py"
    hostile = f"x = '\x1b[2J\u202e'\n{SDK}"
    make(tmp_path, {name: hostile, "b\nc.py": SDK, "requirements.txt": LIST})
    os.makedirs(os.fsencode(tmp_path) + b"/\xff")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff/d.py")).write_text(
        f"{SDK}from aws_xray_sdk.core.plugins import ec2\n"
    )

    piped = migrate(folder=tmp_path)
    shown = in_terminal(tmp_path)

    for text in (piped.out, piped.err):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "--- a/a\\x1b]0;title\\x07\\u202eb.py\n" in piped.out
    assert "--- a/b\\x0ac.py\n" in piped.out
    assert "\\udcff/d.py" in piped.err
    assert "\x1b[32m+from lambda_tracer import patch_all\x1b[0m" in shown
    assert "\x1b]" not in shown
    assert "\x1b[2J" not in shown


def in_terminal(folder: Path) -> str:
    """What the command shows in a pseudo-terminal."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "migrate"], cwd=folder, env=environment({}), stdout=terminal, stderr=subprocess.DEVNULL
    )
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(controller, 65_536):
            shown += chunk
    except OSError:
        pass  # how Linux says that the other side is closed
    os.close(controller)
    process.wait(timeout=60)
    return shown.decode()


def test_one_file_can_be_moved_alone(tmp_path: Path) -> None:
    make(tmp_path, {"app.py": SDK, "b.py": SDK})

    ran = migrate("app.py", "--write", folder=tmp_path)

    assert ran.exit_code == 0
    assert (tmp_path / "app.py").read_text() == OURS
    assert (tmp_path / "b.py").read_text() == SDK


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    make(tmp_path, {"app.py": SDK})
    (tmp_path / "link.py").symlink_to(tmp_path / "app.py")

    with pytest.raises(Refused, match="meanwhile"):
        write_file(tmp_path / "app.py", b"other", b"new")
    with pytest.raises(Refused, match="meanwhile"):
        write_file(tmp_path / "link.py", SDK.encode(), b"new")

    assert (tmp_path / "app.py").read_text() == SDK


@pytest.mark.slow
def test_a_project_of_5000_files_takes_seconds(tmp_path: Path) -> None:
    body = "def f(a, b=1):\n    return [a, b]\n" * 20
    folders = [tmp_path / f"package_{number}" for number in range(50)]
    for folder in folders:
        folder.mkdir()
    for number in range(5000):
        imports = f"import package_{(number + 1) % 50}.module_{(number + 1) % 5000}\n"
        text = imports + (SDK if number % 25 == 0 else "") + body
        (folders[number % 50] / f"module_{number}.py").write_text(text)
    (folders[0] / "module_0.py").write_text("from aws_xray_sdk.core import plugins\n" + body)

    started_at = time.process_time()
    plan = Migration(Project(tmp_path)).plan()
    took_s = time.process_time() - started_at

    assert len(plan.waiting) == 199
    assert took_s < 20
