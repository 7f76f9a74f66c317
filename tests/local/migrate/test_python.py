"""What becomes of Python: each form of an import, and of what is done with the names."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.local.migrate.projects import LIST, make, migrated, plan_of

MOVES = {
    "Powertools' name": (
        "from aws_lambda_powertools import Tracer\n",
        "from lambda_tracer import Tracer\n",
    ),
    "from its module": (
        "from aws_lambda_powertools.tracing import Tracer, aiohttp_trace_config  # both\n",
        "from lambda_tracer import Tracer, aiohttp_trace_config  # both\n",
    ),
    "beside others": (
        "from aws_lambda_powertools import Logger, Tracer\n",
        "from aws_lambda_powertools import Logger\nfrom lambda_tracer import Tracer\n",
    ),
    "before others": (
        "from aws_lambda_powertools import Tracer, Logger, Metrics\n",
        "from aws_lambda_powertools import Logger, Metrics\nfrom lambda_tracer import Tracer\n",
    ),
    "between others, with an alias and a pragma": (
        "from aws_lambda_powertools import Logger, Tracer as T, Metrics  # noqa: E402\n",
        "from aws_lambda_powertools import Logger, Metrics  # noqa: E402\n"
        "from lambda_tracer import Tracer as T  # noqa: E402\n",
    ),
    "a comment that is about the statement": (
        "from aws_lambda_powertools import Logger, Tracer  # what we see\n",
        "from aws_lambda_powertools import Logger  # what we see\nfrom lambda_tracer import Tracer\n",
    ),
    "several lines": (
        "from aws_lambda_powertools import (\n    Logger,  # logs\n    # and\n    Tracer,  # traces\n    Metrics,\n)\n"
        "x = 1\n",
        "from aws_lambda_powertools import (\n    Logger,  # logs\n    # and\n    Metrics,\n)\n"
        "from lambda_tracer import Tracer  # traces\nx = 1\n",
    ),
    "several lines, two on one, with a comment": (
        "from aws_lambda_powertools import (\n    Logger, Tracer,  # both\n    Metrics\n)\n",
        "from aws_lambda_powertools import (\n    Logger,  # both\n    Metrics\n)\nfrom lambda_tracer import Tracer\n",
    ),
    "blanks": (
        "from  aws_xray_sdk . core  import  patch  # a\n",
        "from  lambda_tracer  import  patch  # a\n",
    ),
    "several lines, two on one": (
        "from aws_lambda_powertools import (Logger, Tracer,\n                                   Metrics)\n",
        "from aws_lambda_powertools import (Logger, Metrics)\nfrom lambda_tracer import Tracer\n",
    ),
    "the last of several lines": (
        "from aws_lambda_powertools import (\n    Logger,\n    Tracer)\n",
        "from aws_lambda_powertools import (\n    Logger)\nfrom lambda_tracer import Tracer\n",
    ),
    "a backslash": (
        "from aws_lambda_powertools import Logger, \\\n    Tracer\n",
        "from aws_lambda_powertools import Logger\nfrom lambda_tracer import Tracer\n",
    ),
    "in a function": (
        "def f():\n\tfrom aws_lambda_powertools import Logger, Tracer\n\treturn Tracer()\n",
        "def f():\n\tfrom aws_lambda_powertools import Logger\n\tfrom lambda_tracer import Tracer\n\treturn Tracer()\n",
    ),
    "beside another statement": (
        "import os; from aws_lambda_powertools import Logger, Tracer; x = 1\n",
        "import os; from aws_lambda_powertools import Logger; from lambda_tracer import Tracer; x = 1\n",
    ),
    "behind a colon": (
        "if True: from aws_lambda_powertools import Logger, Tracer\n",
        "if True: from aws_lambda_powertools import Logger; from lambda_tracer import Tracer\n",
    ),
    "without a line end": (
        "from aws_lambda_powertools import Logger, Tracer",
        "from aws_lambda_powertools import Logger\nfrom lambda_tracer import Tracer",
    ),
    "the SDK's names": (
        "from aws_xray_sdk.core import xray_recorder, patch_all as pa\n",
        "from lambda_tracer import xray_recorder, patch_all as pa\n",
    ),
    "several lines of the SDK's names": (
        "from aws_xray_sdk.core import (\n    patch,  # some\n    xray_recorder,\n)\n",
        "from lambda_tracer import (\n    patch,  # some\n    xray_recorder,\n)\n",
    ),
    "names that are called otherwise": (
        "from aws_xray_sdk.core import AWSXRayRecorder\n"
        "from aws_xray_sdk.ext.aiohttp.client import aws_xray_trace_config\n"
        "r = AWSXRayRecorder()\n",
        "from lambda_tracer import Recorder as AWSXRayRecorder\n"
        "from lambda_tracer import aiohttp_trace_config as aws_xray_trace_config\nr = AWSXRayRecorder()\n",
    ),
    "models and the like": (
        "from aws_xray_sdk.core.models.trace_header import TraceHeader\nfrom aws_xray_sdk import global_sdk_config\n"
        "from aws_xray_sdk.core.utils.sqs_message_helper import SqsMessageHelper\n"
        "from aws_xray_sdk.core.models.subsegment import Subsegment\n"
        "def f(s: Subsegment | None, h: 'TraceHeader'): ...\n",
        "from lambda_tracer import TraceHeader\nfrom lambda_tracer import global_sdk_config\n"
        "from lambda_tracer import SqsMessageHelper\n"
        "from lambda_tracer import Subsegment\ndef f(s: Subsegment | None, h: 'TraceHeader'): ...\n",
    ),
    "where it may be missing": (
        "try:\n    from aws_xray_sdk.core import xray_recorder\nexcept ImportError:\n    xray_recorder = None\n",
        "try:\n    from lambda_tracer import xray_recorder\nexcept ImportError:\n    xray_recorder = None\n",
    ),
    "a module": (
        "import aws_xray_sdk\nimport aws_xray_sdk.core\naws_xray_sdk.core.patch_all()\n"
        "aws_xray_sdk.global_sdk_config.set_sdk_enabled(False)\n",
        "import lambda_tracer\nlambda_tracer.patch_all()\n"
        "lambda_tracer.global_sdk_config.set_sdk_enabled(False)\n",
    ),
    "a module with an alias": (
        "import aws_xray_sdk.core as xray\n@xray.xray_recorder.capture('a')\ndef f(): return xray.patch\n",
        "import lambda_tracer as xray\n@xray.xray_recorder.capture('a')\ndef f(): return xray.patch\n",
    ),
    "the root with an alias": (
        "import os, aws_xray_sdk as xray\nx = xray.core.xray_recorder  # ours\n",
        "import os, lambda_tracer as xray\nx = xray.xray_recorder  # ours\n",
    ),
    "a module from its package": (
        "from aws_xray_sdk import core, global_sdk_config as g\ncore.patch(['boto3'])\n",
        "from lambda_tracer import global_sdk_config as g\nimport lambda_tracer as core\ncore.patch(['boto3'])\n",
    ),
    "Powertools as a module": (
        "import aws_lambda_powertools\nt = aws_lambda_powertools.Tracer()\nl = aws_lambda_powertools.Logger()\n",
        "import aws_lambda_powertools\nimport lambda_tracer\nt = lambda_tracer.Tracer()\n"
        "l = aws_lambda_powertools.Logger()\n",
    ),
    "Powertools as a module, for the Tracer alone": (
        "import aws_lambda_powertools as p\nt = p.Tracer()\n",
        "import lambda_tracer as p\nt = p.Tracer()\n",
    ),
    "Powertools' module beside a class": (
        "from aws_lambda_powertools import Logger, tracing\nt = tracing.Tracer()\n",
        "from aws_lambda_powertools import Logger\nimport lambda_tracer as tracing\nt = tracing.Tracer()\n",
    ),
    "a name that is another one here": (
        "import aws_xray_sdk.core\ndef f(aws_xray_sdk): return aws_xray_sdk.core.patch_all\n"
        "def g(): return aws_xray_sdk.core.patch_all\n",
        "import lambda_tracer\ndef f(aws_xray_sdk): return aws_xray_sdk.core.patch_all\n"
        "def g(): return lambda_tracer.patch_all\n",
    ),
    "a context": (
        "from aws_xray_sdk.core.async_context import AsyncContext\nfrom aws_xray_sdk.core import xray_recorder\n"
        "xray_recorder.configure(context=AsyncContext())\nx = 1\n",
        "from lambda_tracer import xray_recorder\nx = 1\n",
    ),
    "a context beside a service": (
        "from aws_xray_sdk.core import xray_recorder\nfrom aws_xray_sdk.core.context import Context\n"
        "xray_recorder.configure(\n    service='a',  # name\n    context=Context(),  # ours\n)\n"
        "xray_recorder.configure(context=Context(), service='b')\n"
        "xray_recorder.configure(service='c', context=Context())\n",
        "from lambda_tracer import xray_recorder\n"
        "xray_recorder.configure(\n    service='a',  # name\n)\n"
        "xray_recorder.configure(service='b')\nxray_recorder.configure(service='c')\n",
    ),
    "a context, and nothing else in the block": (
        "import aws_xray_sdk.core.context as c\nfrom aws_xray_sdk.core import xray_recorder\nif x:\n"
        "    xray_recorder.configure(context=c.Context())\n",
        "import lambda_tracer as c\nfrom lambda_tracer import xray_recorder\nif x:\n    pass\n",
    ),
    "syntax of a newer Python": (
        "from aws_xray_sdk.core import xray_recorder\ntype A[T: int = int] = list[T]\nx = f'{f'{1}'}'\n"
        "try:\n    pass\nexcept A, B:\n    pass\n",
        "from lambda_tracer import xray_recorder\ntype A[T: int = int] = list[T]\nx = f'{f'{1}'}'\n"
        "try:\n    pass\nexcept A, B:\n    pass\n",
    ),
    "what mocks follow": (
        """\
        from unittest import mock
        import sys, logging
        @mock.patch("aws_xray_sdk.core.xray_recorder.begin_subsegment")
        @mock.patch('aws_lambda_powertools.tracing.Tracer.capture_method', new=None)
        def test(m, monkeypatch):
            monkeypatch.setattr("aws_xray_sdk.core.patch_all", None)
            mock.patch("app.aws_xray_sdk.core.patch_all")
            mock.patch.multiple("aws_xray_sdk.core", patch_all=1, patch=2)
            sys.modules["aws_xray_sdk.core"] = m
            mock.patch.dict("sys.modules", {"aws_xray_sdk": m, "aws_xray_sdk.core": m})
            logging.getLogger("aws_xray_sdk.core.context").disabled = True
        LOGGING = {"loggers": {"aws_xray_sdk": {"level": "ERROR"}}}
        """,
        """\
        from unittest import mock
        import sys, logging
        @mock.patch("lambda_tracer.xray_recorder.begin_subsegment")
        @mock.patch('lambda_tracer.Tracer.capture_method', new=None)
        def test(m, monkeypatch):
            monkeypatch.setattr("lambda_tracer.patch_all", None)
            mock.patch("app.lambda_tracer.patch_all")
            mock.patch.multiple("lambda_tracer", patch_all=1, patch=2)
            sys.modules["lambda_tracer"] = m
            mock.patch.dict("sys.modules", {"aws_xray_sdk": m, "lambda_tracer": m})
            logging.getLogger("lambda_tracer").disabled = True
        LOGGING = {"loggers": {"lambda_tracer": {"level": "ERROR"}}}
        """,
    ),
    "types, written or quoted": (
        "import aws_xray_sdk.core.models.subsegment as s, aws_xray_sdk\n"
        "def f(s: 'aws_xray_sdk.core.models.subsegment.Subsegment') -> s.Subsegment: ...\n",
        "import lambda_tracer as s, lambda_tracer\ndef f(s: 'lambda_tracer.Subsegment') -> s.Subsegment: ...\n",
    ),
    "names of fields": (
        "from aws_xray_sdk.core.models import http\nfrom aws_xray_sdk.core.models.http import STATUS, URL as U\n"
        "s.put_http_meta(http.METHOD, 'GET')\ns.put_http_meta(STATUS, U)\n",
        's.put_http_meta("method", \'GET\')\ns.put_http_meta("status", "url")\n',
    ),
    "twice in a line": (
        "import aws_xray_sdk\nimport aws_xray_sdk.core; import os\naws_xray_sdk.core.patch_all()\n",
        "import lambda_tracer\nimport os\nlambda_tracer.patch_all()\n",
    ),
    "objects that are replaced": (
        "import aws_xray_sdk.core\nfrom unittest.mock import patch\n"
        "patch.object(aws_xray_sdk.core, 'patch_all')\nsetattr(aws_xray_sdk.core, 'xray_recorder', 1)\n",
        "import lambda_tracer\nfrom unittest.mock import patch\n"
        "patch.object(lambda_tracer, 'patch_all')\nsetattr(lambda_tracer, 'xray_recorder', 1)\n",
    ),
    "Windows' line ends and a byte order mark": (
        "\ufefffrom aws_lambda_powertools import Logger, Tracer\r\nx = 'é'\r\n",
        "\ufefffrom aws_lambda_powertools import Logger\r\nfrom lambda_tracer import Tracer\r\nx = 'é'\r\n",
    ),
    "what none of it is": (
        '"""Uses aws_xray_sdk.core."""\nfrom aws_lambda_powertools import Logger\nx = "aws_lambda_powertools"\n',
        '"""Uses aws_xray_sdk.core."""\nfrom aws_lambda_powertools import Logger\nx = "aws_lambda_powertools"\n',
    ),
}


@pytest.mark.parametrize("form", MOVES)
def test_a_form_moves_and_all_else_stays(form: str, tmp_path: Path) -> None:
    before, after = map(textwrap.dedent, MOVES[form])
    make(tmp_path, {"test_app.py": before, "requirements.txt": LIST})

    plan = plan_of(tmp_path)
    migrated(tmp_path, plan)

    assert (tmp_path / "test_app.py").read_bytes().decode() == after
    assert plan.to_look_at == []
    assert [finding.line for finding in plan.findings] == ([10, 11] if form == "what mocks follow" else [])
    assert plan_of(tmp_path).changes == []


def test_an_encoding_stays(tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\nfrom aws_xray_sdk.core import patch_all\nname = 'é'\n"
    make(tmp_path, {"app.py": text.encode("latin-1"), "requirements.txt": LIST})

    migrated_bytes = {str(change.path): change.new for change in plan_of(tmp_path).changes}

    assert migrated_bytes["app.py"] == text.replace("aws_xray_sdk.core", "lambda_tracer").encode("latin-1")


def test_what_cannot_be_read_is_named_and_left(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "cookie.py": "# coding: klingon\nfrom aws_xray_sdk.core import patch_all\n",
            "jinja.py": "from aws_xray_sdk.core import {{ names }}\n",
            "page.py.j2": "from aws_xray_sdk.core import {{ names }}\n",
            "old.py": "from aws_xray_sdk.core import patch_all\nprint 'a'\n",
            "binary.py": b"import aws_xray_sdk\0\n",
            "invalid.py": b"import aws_xray_sdk  # \xff\n",
            "requirements.txt": LIST,
        },
    )

    plan = plan_of(tmp_path)

    assert plan.changes == []
    assert [finding.message for finding in plan.findings] == [
        "has null bytes: left as it is",
        "names an encoding that Python does not know: unknown encoding: klingon: left as it is",
        "names an encoding that Python does not know: invalid or missing encoding declaration: left as it is",
        "is not Python 3 (line 1): left as it is",
        "is written for Python 2: left as it is",
        "is not Python as it stands: left as it is",
    ]


def test_files_made_to_be_hard_are_left_at_once(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "brackets.py": f"import aws_xray_sdk.core\nx = {'(' * 20_000}aws_xray_sdk.core.patch{')' * 20_000}\n",
            "minus.py": f"import aws_xray_sdk.core\nx = {'-' * 200_000}aws_xray_sdk.core.patch\n",
            "template.yaml": f"AWS::Lambda::Function: {'[' * 200_000}\n",
            "aliases.yaml": "a: &a [AWS::Lambda::Function]\n"
            + "".join(
                f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
                for a, b in zip("abcdefghi", "bcdefghij", strict=True)
            ),
            "pyproject.toml": f"[project]\ndependencies = {'[' * 50_000}'aws-xray-sdk'{']' * 50_000}\n",
            "app.py": "from aws_xray_sdk.core import patch_all\n",
            "requirements.txt": LIST,
        },
    )

    plan = plan_of(tmp_path)

    assert [str(change.path) for change in plan.changes] == ["app.py", "requirements.txt"]
    assert [finding.message for finding in plan.findings] == ["is nested too deeply: left as it is"] * 3
