"""`lambda-tracer invoke` shows which route a web framework's answer is of, and the exception that became it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.local.command import PROJECT, invoke
from tests.patches.web import events
from tests.patches.web.test_contract import MODULES

APP = """
from lambda_tracer import Tracer
tracer = Tracer()
from tests.patches.web.apps.{name} import APPLICATIONS
application = APPLICATIONS[0].handler()

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    return application(event, context)
"""

EVENTS = {
    "powertools_resolvers": events.rest("GET", "/busy"),
    "chalice_alone": events.rest("GET", "/busy", resource="/busy"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_route_flag_and_exception_are_shown(name: str, tmp_path: Path) -> None:
    for module in MODULES[name]:
        pytest.importorskip(module, reason=f"{module} is not installed")
    (tmp_path / "app.py").write_text(APP.format(name=name), encoding="utf-8")
    event = EVENTS.get(name, events.http("GET", "/busy"))
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")

    ran = invoke("app.lambda_handler", "-e", "event.json", folder=tmp_path, PYTHONPATH=str(PROJECT))

    assert int(json.loads(ran.out)["statusCode"]) == 429, ran.err
    assert "GET /busy" in ran.err
    if name != "django_on_both":  # its view returns the answer
        assert "throttle" in ran.err
        assert "later" in ran.err or "Too Many Requests" in ran.err
