"""What becomes of lists of requirements, in each of their forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_tracer.local.migrate.requirement import like, like_poetry
from tests.local.migrate.projects import make, migrated, plan_of

EXACT, COMPATIBLE, LEAST = like("==1"), like("~=1"), like(">=1")
CARET = like_poetry("^1")

TRACER = "from aws_lambda_powertools import Tracer\n"
BOTH = "from aws_lambda_powertools import Logger, Tracer\n"
SDK = "from aws_xray_sdk.core import patch_all\n"

LISTS = {
    "the SDK": (SDK, "a.txt", "aws-xray-sdk\n", "lambda-tracer\n"),
    "a version, a marker, a comment": (
        SDK,
        "requirements.txt",
        "boto3\n  aws_xray.sdk==2.1 ; python_version > '3.9'  # traces\nx\n",
        f"boto3\n  {EXACT} ; python_version > '3.9'  # traces\nx\n",
    ),
    "an extra": (
        BOTH,
        "requirements.txt",
        "aws-lambda-powertools[tracer]~=3.1\r\nboto3\r\n",
        f"aws-lambda-powertools~=3.1\r\n{COMPATIBLE}\r\nboto3\r\n",
    ),
    "one of several extras": (
        BOTH,
        "requirements/base.in",
        "aws-lambda-powertools[parser,tracer]>=3\n",
        f"aws-lambda-powertools[parser]>=3\n{LEAST}\n",
    ),
    "all extras": (
        BOTH,
        "requirements.txt",
        "aws-lambda-powertools[all]\n",
        "aws-lambda-powertools[all]\nlambda-tracer\n",
    ),
    "both": (
        BOTH,
        "requirements.txt",
        "aws-lambda-powertools\naws-xray-sdk\n# aws-xray-sdk\n",
        "aws-lambda-powertools\nlambda-tracer\n# aws-xray-sdk\n",
    ),
    "no line end": (
        BOTH,
        "requirements.txt",
        "aws-lambda-powertools",
        "aws-lambda-powertools\nlambda-tracer",
    ),
    "constraints": (SDK, "constraints.txt", "aws-xray-sdk==2.1\n", f"aws-xray-sdk==2.1\n{EXACT}\n"),
    "PEP 621": (
        BOTH,
        "pyproject.toml",
        '[project]\ndependencies = [\n    "boto3",\n    "aws-lambda-powertools[tracer]>=3",  # utilities\n]\n'
        "[project.optional-dependencies]\nx = ['aws-xray-sdk', 'boto3']\n",
        '[project]\ndependencies = [\n    "boto3",\n    "aws-lambda-powertools>=3",\n'
        f"    \"{LEAST}\",  # utilities\n]\n[project.optional-dependencies]\nx = ['aws-xray-sdk', 'boto3']\n",
    ),
    "uv and dependency groups": (
        SDK,
        "pyproject.toml",
        '[dependency-groups]\ndev = ["aws-xray-sdk~=2.0"]\n[tool.other]\nx = ["aws-xray-sdk"]\n',
        f'[dependency-groups]\ndev = ["{COMPATIBLE}"]\n[tool.other]\nx = ["aws-xray-sdk"]\n',
    ),
    "Poetry": (
        BOTH,
        "pyproject.toml",
        '[tool.poetry.dependencies]\npython = "^3.10"\n'
        'aws-lambda-powertools = {extras = ["tracer"], version = "^3"}  # utilities\n'
        '[tool.poetry.group.dev.dependencies]\nmoto = "*"\n',
        '[tool.poetry.dependencies]\npython = "^3.10"\n'
        f'aws-lambda-powertools = {{version = "^3"}}  # utilities\nlambda-tracer = "{CARET}"\n'
        '[tool.poetry.group.dev.dependencies]\nmoto = "*"\n',
    ),
    "Poetry, with both": (
        BOTH,
        "pyproject.toml",
        '[tool.poetry.dependencies]\naws-lambda-powertools = {version = "^3", extras = ["tracer", "parser"]}\n'
        'aws-xray-sdk = "^2.1"\n',
        '[tool.poetry.dependencies]\naws-lambda-powertools = {version = "^3", extras = ["parser"]}\n'
        f'lambda-tracer = "{CARET}"\n',
    ),
    "Pipenv": (SDK, "Pipfile", '[packages]\naws-xray-sdk = "*"\n', '[packages]\nlambda-tracer = "*"\n'),
    "setup.cfg": (
        SDK,
        "setup.cfg",
        "[options]\ninstall_requires =\n    boto3\n    aws-xray-sdk>=2\n",
        f"[options]\ninstall_requires =\n    boto3\n    {LEAST}\n",
    ),
    "setup.py": (
        SDK,
        "setup.py",
        "setup(name='aws-xray-sdk-user', install_requires=['boto3', 'aws-xray-sdk>=2'])\n",
        f"setup(name='aws-xray-sdk-user', install_requires=['boto3', '{LEAST}'])\n",
    ),
}


@pytest.mark.parametrize("form", LISTS)
def test_a_list_changes_where_it_names_them(form: str, tmp_path: Path) -> None:
    source, name, before, after = LISTS[form]
    name = "requirements.txt" if name == "a.txt" else name
    make(tmp_path, {"src/app.py": source, name: before})

    plan = plan_of(tmp_path)
    migrated(tmp_path, plan)

    assert (tmp_path / name).read_bytes().decode() == after
    assert plan_of(tmp_path).changes == []
    looks = [finding.message for finding in plan.to_look_at]
    assert all("[all]" in message for message in looks)
    assert len(looks) == (form == "all extras")


def test_a_list_is_for_the_files_of_its_folder(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "a/app.py": SDK,
            "a/requirements.txt": "aws-xray-sdk\n",
            "b/app.py": "from aws_lambda_powertools import Logger\n",
            "b/requirements.txt": "aws-lambda-powertools[tracer]\n",
            "a/tests/requirements.txt": "aws-xray-sdk\n",
        },
    )

    changed = migrated(tmp_path, plan_of(tmp_path))

    assert sorted(changed) == ["a/app.py", "a/requirements.txt", "a/tests/requirements.txt"]


def test_what_is_locked_compiled_or_installed_elsewhere_is_named_and_left(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "app.py": SDK,
            "pyproject.toml": '[project]\ndependencies = ["aws-xray-sdk"]\n[tool.mypy]\nx = "aws_xray_sdk.*"\n',
            "uv.lock": '[[package]]\nname = "aws-xray-sdk"\n',
            "requirements.txt": "# This file is autogenerated by pip-compile\naws-xray-sdk==2.1\n",
            "b/requirements.txt": "aws-xray-sdk==2.1 --hash=sha256:aa\n",
            "Dockerfile": "FROM python\nRUN pip install aws-xray-sdk\n",
            "tests/requirements.txt": "aws-xray-sdk @ https://example.com/a.whl\n",
            "broken/pyproject.toml": '[project\ndependencies = ["aws-xray-sdk"]\n',
        },
    )

    plan = plan_of(tmp_path)

    assert [str(change.path) for change in plan.changes] == ["app.py", "pyproject.toml"]
    assert [(finding.place, finding.weight) for finding in plan.findings] == [
        ("Dockerfile:2", "look"),
        ("b/requirements.txt:1", "look"),
        ("broken/pyproject.toml", "look"),
        ("pyproject.toml:4", "note"),
        ("requirements.txt", "note"),
        ("tests/requirements.txt:1", "look"),
        ("uv.lock", "note"),
    ]


def test_without_a_list_that_names_it_a_person_is_told(tmp_path: Path) -> None:
    make(tmp_path, {"app.py": SDK})

    plan = plan_of(tmp_path)

    assert "no list of requirements" in plan.findings[0].message
