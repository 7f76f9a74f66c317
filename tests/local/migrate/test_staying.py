"""What keeps a file on the X-Ray SDK, and which others stay with it: one program has one recorder."""

from __future__ import annotations

from pathlib import Path

import pytest

import lambda_tracer
from lambda_tracer import Recorder, Tracer
from lambda_tracer.local.migrate.names import MOVED, RECORDER, TRACER
from tests.local.migrate.projects import LIST, make, migrated, plan_of, said

STAYS = {
    "from aws_xray_sdk.core.models.segment import Segment\n": "app.py:1: aws_xray_sdk.core.models.segment.Segment",
    "from aws_xray_sdk.ext.flask.middleware import XRayMiddleware\n": (
        "app.py:1: aws_xray_sdk.ext.flask.middleware.XRayMiddleware"
    ),
    "from aws_xray_sdk.core.exceptions.exceptions import SegmentNotFoundException as E\n": (
        "app.py:1: aws_xray_sdk.core.exceptions.exceptions.SegmentNotFoundException"
    ),
    "from aws_xray_sdk.core.context import Context\n\nclass Own(Context): ...\n": (
        "app.py:3: aws_xray_sdk.core.context.Context"
    ),
    "from aws_xray_sdk.core import AWSXRayRecorder as R\nclass Own(R): ...\n": "app.py:2: a subclass of R",
    "from aws_lambda_powertools import Tracer\nclass Own(Tracer): ...\n": "app.py:2: a subclass of Tracer",
    "import aws_xray_sdk.core as c\nclass Own(c.AWSXRayRecorder): ...\n": "app.py:2: a subclass of c.AWSXRayRecorder",
    "from aws_xray_sdk.core import xray_recorder\nxray_recorder._context.x()\n": "app.py:2: xray_recorder._context",
    "from aws_lambda_powertools import Tracer\nt = Tracer()\nt._config\n": "app.py:3: t._config",
    "from aws_xray_sdk.core import *\n": "app.py:1: from aws_xray_sdk.core import *",
    "from aws_lambda_powertools import *\nt = Tracer()\n": "app.py:1: from aws_lambda_powertools import *",
    "import aws_xray_sdk.core\nf(aws_xray_sdk.core)\n": "app.py:2: aws_xray_sdk.core",
    "from aws_xray_sdk.core.models.subsegment import Subsegment\nSubsegment('a', 'local', s)\n": (
        "app.py:2: Subsegment(...)"
    ),
    "from aws_lambda_powertools.middleware_factory import lambda_handler_decorator\n"
    "@lambda_handler_decorator(trace_execution=True)\ndef m(h, e, c): ...\n": "app.py:2: trace_execution",
    "import importlib\nimportlib.import_module('aws_xray_sdk.core')\n": "app.py:2: aws_xray_sdk.core",
    "MIDDLEWARE = ['aws_xray_sdk.ext.django.middleware.XRayMiddleware']\n": (
        "app.py:1: aws_xray_sdk.ext.django.middleware.XRayMiddleware"
    ),
    "from unittest.mock import patch\npatch('aws_xray_sdk.core.models.segment.Segment')\n": (
        "app.py:2: aws_xray_sdk.core.models.segment.Segment"
    ),
    "try:\n    import aws_xray_sdk.core\nexcept ImportError:\n    aws_xray_sdk = None\n"
    "aws_xray_sdk.core.patch_all()\n": "app.py:2: aws_xray_sdk",
    "def f():\n    global aws_xray_sdk\n    import aws_xray_sdk.core\n": "app.py:3: aws_xray_sdk",
    "import aws_lambda_powertools\nlambda_tracer = aws_lambda_powertools.Tracer()\n"
    "aws_lambda_powertools.Logger()\n": "app.py:2: lambda_tracer",
}


@pytest.mark.parametrize("text", STAYS)
def test_what_has_no_equal_keeps_the_file_with_its_line_and_reason(text: str, tmp_path: Path) -> None:
    make(tmp_path, {"app.py": text + "from aws_xray_sdk.core import patch_all\n", "requirements.txt": LIST})

    plan = plan_of(tmp_path)

    assert plan.changes == []
    assert said(plan.findings) == [STAYS[text]]
    assert plan.findings[0].message.partition(": ")[2]


MOVES = "from aws_xray_sdk.core import xray_recorder\n"
SEGMENT = "from aws_xray_sdk.core.models.segment import Segment\n"


def test_what_runs_together_with_a_file_that_stays_stays_too(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "blocked/handler.py": f"import common.util\nfrom . import near\n{SEGMENT}",
            "blocked/near.py": "from aws_lambda_powertools import Tracer\n",
            "layer/python/common/__init__.py": "",
            "layer/python/common/util.py": MOVES,
            "sharing/handler.py": f"from common import util\n{MOVES}",
            "plain/names.py": "A = 1\n",
            "free/handler.py": f"from helper import f\n{MOVES}",
            "free/helper.py": "from aws_lambda_powertools import Tracer\n",
            "requirements.txt": LIST,
            "free/requirements.txt": "aws-lambda-powertools[tracer]==3.1\n",
        },
    )

    plan = plan_of(tmp_path)
    changed = migrated(tmp_path, plan)

    assert sorted(changed) == [
        "free/handler.py",
        "free/helper.py",
        "free/requirements.txt",
        "requirements.txt",
    ]
    assert [str(path) for path in plan.waiting] == [
        "blocked/near.py",
        "layer/python/common/util.py",
        "sharing/handler.py",
    ]
    assert changed["requirements.txt"] == "boto3\naws-xray-sdk\nlambda-tracer\n"
    assert changed["free/requirements.txt"].startswith("aws-lambda-powertools==3.1\nlambda-tracer==")
    assert plan_of(tmp_path).changes == []


def test_a_conftest_runs_together_with_the_tests_below_it(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "tests/conftest.py": SEGMENT,
            "tests/unit/test_a.py": "from src.a import f\n",
            "src/a.py": MOVES,
            "src/b.py": MOVES,
        },
    )

    plan = plan_of(tmp_path)

    assert [str(change.path) for change in plan.changes] == ["src/b.py"]


def test_django_and_traced_middlewares_hold_for_the_whole_project(tmp_path: Path) -> None:
    django = make(
        tmp_path / "django",
        {"settings.py": "INSTALLED_APPS = ['aws_xray_sdk.ext.django']\n", "app/views.py": MOVES},
    )
    middlewares = make(
        tmp_path / "middlewares",
        {
            "app.py": "from aws_lambda_powertools.middleware_factory import lambda_handler_decorator\n",
            "other.py": MOVES,
            "template.yaml": 'A:\n  POWERTOOLS_TRACE_MIDDLEWARES: "true"\n',
        },
    )

    assert plan_of(django).changes == []
    assert plan_of(middlewares).changes == []
    assert said(plan_of(middlewares).findings)[0] == "template.yaml:2: POWERTOOLS_TRACE_MIDDLEWARES"


def test_segments_of_ones_own_are_to_be_looked_at_but_in_tests(tmp_path: Path) -> None:
    text = f"{MOVES}xray_recorder.begin_segment('a')\n"
    make(
        tmp_path,
        {"script.py": text, "test_script.py": text, "tests/test_a.py": text, "requirements.txt": LIST},
    )

    plan = plan_of(tmp_path)

    assert [(finding.place, finding.weight) for finding in plan.findings] == [
        ("script.py:2", "look"),
        ("test_script.py:2", "look"),
        ("tests/test_a.py:2", "note"),
    ]
    assert len(migrated(tmp_path, plan)) == 4
    assert [finding.place for finding in plan_of(tmp_path).to_look_at] == ["script.py:2", "test_script.py:2"]


def test_what_is_said_to_be_there_is_there() -> None:
    names = {name for name in MOVED.values() if not hasattr(lambda_tracer, name)}
    attributes = {name for name in RECORDER if not hasattr(Recorder(), name)}
    of_tracer = {name for name in TRACER if not hasattr(Tracer(), name)}

    assert (names, attributes, of_tracer) == (set(), set(), set())
