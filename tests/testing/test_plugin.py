"""The pytest plugin, as a project of its own uses it: with other plugins and without, in one process and in several."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

import pytest_lambda_tracer as plugin
from lambda_tracer.testing.fixtures import file_name
from tests.shared_build import distributions
from tests.testing import project

pytestmark = pytest.mark.slow

INI = """
    [pytest]
    addopts = --strict-markers --strict-config -ra
    filterwarnings = error
"""

APP = """
    import time

    from lambda_tracer import Tracer

    tracer = Tracer(service="shop")

    @tracer.capture_method
    def charge(amount):
        if amount < 0:
            raise ValueError("no amount")
        return {"charged": amount, "password": "hunter2"}

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        return charge(event["amount"])["charged"]

    @tracer.capture_lambda_handler
    async def async_handler(event, context):
        return charge(event["amount"])["charged"]
"""

CONFTEST = """
    import os, sqlite3, sys
    import pytest, requests

    def state():
        return (
            os.environ.get("_X_AMZN_TRACE_ID"), sqlite3.connect, requests.Session.send, is_watched(),
            [finder for finder in sys.meta_path if type(finder).__name__ == "_Finder"],
        )

    def is_watched():
        watchdog = sys.modules.get("lambda_tracer.send.watchdog")
        return watchdog is not None and watchdog.is_running()

    @pytest.fixture(autouse=True)
    def _untouched(request):
        if "traces" in request.fixturenames:
            yield
            return
        import app
        before = state()
        yield
        assert state() == before
        assert app.tracer.disabled

    def pytest_sessionstart(session):
        session.config.before = state()

    def pytest_sessionfinish(session):
        assert state() == session.config.before
"""

PASSING = {
    "pytest.ini": INI + "    asyncio_mode = auto\n    asyncio_default_fixture_loop_scope = function\n",
    "app.py": APP,
    "conftest.py": CONFTEST,
    "test_shop.py": '''
        import asyncio, datetime, http.client, os, sqlite3, time, unittest
        from concurrent.futures import ThreadPoolExecutor
        from unittest import mock

        import freezegun, httpx, pytest, requests, responses, time_machine

        import app
        from lambda_tracer import Tracer, unpatch_all, xray_recorder
        from lambda_tracer.testing import LambdaContext, Traces, capture_traces

        TREE = """
            ## lambda_handler
              ## app.charge
        """

        def test_off(lambda_context):
            assert app.lambda_handler({"amount": 1}, lambda_context) == 1

        def test_on(traces, lambda_context):
            assert type(traces) is Traces
            assert type(lambda_context) is LambdaContext
            assert app.lambda_handler({"amount": 1}, lambda_context) == 1
            assert traces.tree == TREE
            assert traces.one("## app.charge").response == {"charged": 1, "password": "[redacted]"}
            assert traces.roots[0].annotations["ColdStart"] is True
            traces.assert_no_secrets("hunter2")

        @pytest.mark.parametrize("amount", range(3))
        def test_each_begins_anew(traces, amount):
            app.lambda_handler({"amount": amount}, None)
            app.lambda_handler({"amount": amount}, None)
            assert [each.cold_start for each in traces.invocations] == [True, False]

        @pytest.mark.traces(sampled=False)
        class TestUnsampled:
            def test_by_its_class(self, traces):
                app.lambda_handler({"amount": 1}, None)
                assert not traces and len(traces.invocations) == 1

            @pytest.mark.traces(sampled=True, cold_start=False, redact=["charged"])
            def test_but_for_one(self, traces):
                app.lambda_handler({"amount": 1}, None)
                assert traces.one("## app.charge").response["charged"] == "[redacted]"
                assert not traces.invocations[0].cold_start

        @pytest.mark.traces(valid=False)
        def test_that_xray_would_not_take(traces):
            for _ in range(11):
                with xray_recorder.in_subsegment("large") as subsegment:
                    subsegment.put_metadata("text", "x" * 50_000)

        @pytest.mark.lambda_context(function_name="pay", timeout_s=2, memory_limit_in_mb=512)
        def test_context(lambda_context):
            assert lambda_context.invoked_function_arn.endswith(":function:pay")
            assert 0 < lambda_context.get_remaining_time_in_millis() <= 2000
            assert lambda_context.memory_limit_in_mb == "512"

        def test_what_a_mock_puts_around_ours_is_gone_in_the_end(monkeypatch, traces):
            real = requests.Session.send
            monkeypatch.setattr(requests.Session, "send", lambda *args, **kwargs: real(*args, **kwargs))
            monkeypatch.setenv("_X_AMZN_TRACE_ID", os.environ["_X_AMZN_TRACE_ID"])

        async def test_a_loop(traces, lambda_context):
            await asyncio.gather(asyncio.to_thread(app.charge, 1), asyncio.sleep(0))
            assert await app.async_handler({"amount": 1}, lambda_context) == 1
            assert traces.tree == """
                ## app.charge

                ## async_handler
                  ## app.charge
            """

        @pytest.fixture
        async def opened(traces):
            async with xray_recorder.in_subsegment_async("fixture"):
                pass
            yield traces

        async def test_an_async_fixture(opened):
            assert opened.tree == "fixture"

        def test_no_loop(traces):
            assert app.async_handler({"amount": 1}, None) == 1
            assert len(traces.all("## app.charge")) == 1

        def test_a_thread(traces):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(app.lambda_handler, {"amount": 1}, None).result()
            assert traces.tree == TREE

        @freezegun.freeze_time("2020-02-02")
        def test_frozen(traces, lambda_context):
            assert time.time() == 1580601600.0
            app.lambda_handler({"amount": 1}, lambda_context)
            assert datetime.datetime.now().year == 2020
            assert 0 < lambda_context.get_remaining_time_in_millis() <= 30_000
            assert traces.tree == TREE

        @time_machine.travel("2031-02-02", tick=False)
        def test_travelled(traces, lambda_context):
            app.lambda_handler({"amount": 1}, lambda_context)
            assert datetime.datetime.now().year == 2031
            assert traces.tree == TREE

        @mock.patch.dict(os.environ, {"TABLE": "t"}, clear=True)
        def test_an_environment_of_its_own(traces):
            app.lambda_handler({"amount": 1}, None)
            assert traces.tree == TREE

        @responses.activate
        def test_responses(traces):
            responses.get("http://shop.test/", body="ok")
            assert requests.get("http://shop.test/").text == "ok"
            assert traces.one("shop.test").http["response"]["status"] == 200

        def test_httpx(traces, httpx_mock):
            httpx_mock.add_response(text="ok")
            with httpx.Client() as client:
                assert client.get("http://shop.test/").text == "ok"
            assert traces.one("shop.test").http["response"]["status"] == 200

        def test_a_library_that_it_has_unpatched(traces):
            unpatch_all()

        def test_a_tracer_of_its_own(traces):
            tracer = Tracer(service="own")
            tracer.capture_lambda_handler(lambda event, context: None)({}, None)
            assert traces.roots[0].annotations["Service"] == "own"

        class TestCase(unittest.TestCase):
            def test_a_block(self):
                with capture_traces() as traces:
                    app.lambda_handler({"amount": 1}, LambdaContext())
                self.assertEqual(traces.tree, TREE)

            @pytest.mark.usefixtures("traces")
            def test_the_fixture(self):
                assert not app.tracer.disabled
    ''',
    "test_anyio.py": """
        import pytest

        import app

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.fixture
        async def warm(traces):
            app.charge(1)

        async def test_anyio(traces, warm):
            assert await app.async_handler({"amount": 1}, None) == 1
            assert [each.name for each in traces] == ["## app.charge", "## async_handler", "## app.charge"]
    """,
}

FAILING = {
    "pytest.ini": INI + "    asyncio_mode = strict\n    asyncio_default_fixture_loop_scope = function\n",
    "app.py": APP,
    "conftest.py": CONFTEST,
    "test_shop.py": '''
        import pytest

        import app
        from lambda_tracer import xray_recorder

        def test_passes(traces):
            app.lambda_handler({"amount": 1}, None)

        def test_differs(traces):
            app.lambda_handler({"amount": 1}, None)
            assert traces.tree == """
                ## lambda_handler
                  ## app.refund
            """

        def test_fails_without(lambda_context):
            assert app.lambda_handler({"amount": 1}, lambda_context) == 2

        @pytest.mark.parametrize("text", ["../a b", "é"])
        def test_fails(traces, text):
            app.lambda_handler({"amount": -1}, None)

        def test_xray_would_not_take(traces):
            for _ in range(11):
                with xray_recorder.in_subsegment("large") as subsegment:
                    subsegment.put_metadata("text", "x" * 50_000)

        @pytest.fixture
        def switched_off(monkeypatch):
            monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")

        def test_off(switched_off, traces):
            app.lambda_handler({"amount": 1}, None)
            assert traces.tree == "something"

        @pytest.mark.traces(smapled=True)
        def test_misspelt(traces):
            pass

        @pytest.mark.asyncio
        async def test_awaited(traces):
            await app.async_handler({"amount": 1}, None)
            assert traces.tree == "## async_handler"
    ''',
    "test_powertools.py": '''
        from lambda_tracer import compat
        compat.install()
        from aws_lambda_powertools import Tracer
        from aws_xray_sdk.core import xray_recorder

        tracer = Tracer(service="of Powertools")

        @tracer.capture_method
        def step():
            with xray_recorder.in_subsegment("by hand"):
                pass

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            step()

        def test_powertools(traces, lambda_context):
            lambda_handler({}, lambda_context)
            assert traces.tree == """
                ## lambda_handler
                  ## test_powertools.step
                    by hand
            """
    ''',
}


def test_all_goes_on_beside_other_plugins_in_any_order(tmp_path: Path) -> None:
    folder = project.write(tmp_path, PASSING)
    plugins = ("asyncio", "anyio", "randomly", "pytest_httpx")

    ran = project.run(folder, plugins=plugins)

    assert (ran.code, ran.outcomes) == (0, {"passed": 24}), ran.out


def test_a_test_that_fails_shows_its_trace_and_gets_a_page(tmp_path: Path) -> None:
    folder = project.write(tmp_path, FAILING)
    plugins = ("asyncio", "randomly", "xdist")

    ran = project.run(folder, "-n", "2", "--traces-html", "pages/of traces", plugins=plugins)

    assert ran.outcomes == {"passed": 2, "failed": 7, "error": 1}, ran.out
    sections = re.findall(r"^-+ Trace -+\n(.*?)\n(?=page)", ran.out, re.MULTILINE | re.DOTALL)
    assert len(sections) == 6
    assert re.search(
        r"differs: .*\nE +## lambda_handler\nE +-   ## app.refund\nE +\+   ## app.charge\n", ran.out
    )
    assert "During handling of" not in ran.out
    failed = next(each for each in sections if "ValueError" in each)
    assert re.search(r"## lambda_handler  fault.*\n    ## app.charge  fault", failed)
    assert "X-Ray would not take what was sent:" in ran.out
    assert "@pytest.mark.traces(valid=False) allows that" in ran.out
    assert "tracing is off: POWERTOOLS_TRACE_DISABLED is true" in ran.out
    assert re.search(r"^E +## async_handler\nE +\+   ## app.charge$", ran.out, re.MULTILINE)
    assert "takes sampled, header, cold_start, redact, force, valid by name, not smapled" in ran.out
    pages = sorted((folder / "pages" / "of traces").iterdir())
    assert [re.sub("[0-9a-f]{8}", "#", page.name) for page in pages] == [
        "test_shop.py-test_awaited.html",
        "test_shop.py-test_differs.html",
        "test_shop.py-test_fails_..-a_b_-#.html",
        "test_shop.py-test_fails_xe9_-#.html",
        "test_shop.py-test_off.html",
        "test_shop.py-test_xray_would_not_take.html",
    ]
    shown = ["## async_handler", "## app.charge", "## app.charge", "## app.charge", "", "large"]
    for page, text in zip(pages, shown, strict=True):
        assert text in page.read_text(encoding="utf-8")


def test_a_page_that_can_not_be_written_and_a_long_trace_do_not_end_the_run(tmp_path: Path) -> None:
    folder = project.write(
        tmp_path,
        {
            "app.py": APP,
            "no folder": "",
            "test_shop.py": """
                import app

                def test_much(traces):
                    for _ in range(300):
                        app.charge(1)
                    assert not traces

                def test_next():
                    pass
            """,
        },
    )

    ran = project.run(folder, "--traces-html", "no folder/pages")

    assert ran.outcomes == {"passed": 1, "failed": 1}, ran.out
    assert "no page could be written: NotADirectoryError" in ran.out
    assert re.search(r"\n\.\.\. 10\d lines \.\.\.\n", ran.out)


def test_hooks_are_of_a_kind_that_each_pytest_knows() -> None:
    """Failing means that an older pytest does not start any more where we are installed."""
    marks = [each.pytest_impl for each in vars(plugin).values() if hasattr(each, "pytest_impl")]

    assert len(marks) == 3
    assert not any(mark.get("wrapper") for mark in marks)


def test_the_name_of_a_page_is_short_and_no_other_test_has_it() -> None:
    long = [file_name(f"test_a.py::test[{'x' * 300}{number}]") for number in range(2)]

    assert file_name("tests/test_a.py::test_b") == "tests-test_a.py-test_b"
    assert len(set(long)) == 2
    assert {len(name) for name in long} == {129}
    assert file_name("a.py::test[b/c]") != file_name("a.py::test[b::c]")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the wheel is installed, so that pytest finds the entry point."""
    (wheel,) = distributions(tmp_path_factory).glob("*.whl")
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_pytest_loads_the_plugin_and_nothing_else_of_ours(site: Path, tmp_path: Path) -> None:
    ran = project.run(
        tmp_path, "--version", "--version", path=site, interpreter=("-X", "importtime"), is_installed=True
    )

    imported = set(re.findall(r"\| +([\w.]+)$", ran.out, re.MULTILINE))
    assert f"at {site}/pytest_lambda_tracer.py" in ran.out
    assert {name for name in imported if name.partition(".")[0] == "lambda_tracer"} == set()
    assert "pluggy" in imported


def test_coverage_is_the_same_with_and_without_us(site: Path, tmp_path: Path) -> None:
    """Also that of our own modules: what a plugin imports is not counted."""
    folder = project.write(
        tmp_path,
        {
            "app.py": APP,
            "test_app.py": """
                import app

                def test_charges():
                    assert app.lambda_handler({"amount": 1}, None) == 1
            """,
            ".coveragerc": """
                [run]
                include =
                    */app.py
                    */lambda_tracer/safe.py
            """,
        },
    )
    measured = []
    for option in ("pytest_lambda_tracer", "no:pytest_lambda_tracer"):
        options = ("-p", option, "--cov", "--cov-config=.coveragerc", "--cov-report=json:coverage.json")
        ran = project.run(folder, *options, path=site, plugins=["pytest_cov"])
        assert ran.code == 0, ran.out
        report = json.loads((folder / "coverage.json").read_text(encoding="utf-8"))
        measured.append({Path(name).name: file["executed_lines"] for name, file in report["files"].items()})

    assert measured[0] == measured[1]
    assert all(measured[0][name] for name in ("app.py", "safe.py"))
