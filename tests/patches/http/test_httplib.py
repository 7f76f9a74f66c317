"""http.client: the contract, and what is its own."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import xmlrpc.client
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lambda_tracer import xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.http.calls import NAME, parent_of, the_call, trace_header, traceparent_of, unused_port, w3c
from tests.patches.http.client import Answer, Client
from tests.patches.http.contract import HttpContract
from tests.patches.http.server import HttpServer, Tls
from tests.tree import tree


def connect(url: str, timeout_s: float = 10.0, authority: Path | None = None) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "https":
        trust = ssl.create_default_context(cafile=None if authority is None else str(authority))
        return http.client.HTTPSConnection(parts.netloc, timeout=timeout_s, context=trust)
    return http.client.HTTPConnection(parts.netloc, timeout=timeout_s)


def target(url: str) -> str:
    return urlsplit(url)._replace(scheme="", netloc="").geturl()


class Httplib(Client):
    library = "httplib"
    imports = "import urllib.request"
    program = "urllib.request.urlopen(url).close()"

    def get(
        self,
        url: str,
        method: str = "GET",
        headers: Any = None,
        timeout_s: float = 10.0,
        authority: Path | None = None,
    ) -> Answer:
        connection = connect(url, timeout_s, authority)
        try:
            connection.request(method, target(url), headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.read(), type(response))
        finally:
            connection.close()

    def begin_streaming(self, url: str) -> Any:
        connection = connect(url)
        connection.request("GET", target(url))
        return connection, connection.getresponse()

    def read_stream(self, response: Any) -> bytes:
        connection, streamed = response
        body: bytes = streamed.read()
        connection.close()
        return body

    def replaced(self) -> list[tuple[Any, str]]:
        names = ("putrequest", "putheader", "endheaders", "getresponse", "close")
        return [(http.client.HTTPConnection, name) for name in names]


class TestHttplib(HttpContract):
    client = Httplib()

    test_a_redirected_call_is_one_subsegment_with_the_last_status = None  # type: ignore[assignment]  # it knows none

    def test_exchanges_over_one_connection_are_a_subsegment_each(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        connection = connect(server.url())
        for status in (200, 404, 201):
            connection.request("GET", f"/status/{status}")
            connection.getresponse().read()
        connection.close()

        calls = daemon.subsegments()
        assert [call["http"]["response"]["status"] for call in calls] == [200, 404, 201]
        assert [trace_header(received).parent for received in server.received] == [
            call["id"] for call in calls
        ]

    def test_a_request_put_together_by_hand_is_traced(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        connection = connect(server.url())
        connection.putrequest("POST", "/by/hand?query")
        connection.putheader("Content-Length", "4")
        connection.putheader(NAME.encode(), b"mine")
        connection.putheader(b"Tracestate", b"mine=1")
        connection.endheaders()
        connection.send(b"body")
        connection.getresponse().read()
        connection.close()

        call = the_call(daemon)
        assert w3c(server.last) == [("tracestate", "mine=1"), ("traceparent", traceparent_of(server.last))]
        assert call["http"]["request"] == {"method": "POST", "url": server.url("/by/hand")}
        assert parent_of(server) == call["id"]

    def test_work_between_request_and_answer_is_not_below_the_exchange(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with xray_recorder.in_subsegment("handler") as handler:
            connection = connect(server.url())
            connection.request("GET", "/")
            between = xray_recorder.current_subsegment()
            with xray_recorder.in_subsegment("other work"):
                pass
            connection.getresponse().read()
            connection.close()
            after = xray_recorder.current_subsegment()

        assert between is handler
        assert after is handler
        daemon.expect_tree("""
            handler
              127.0.0.1
              other work
        """)

    def test_interleaved_exchanges_are_siblings_each_with_its_own_answer(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with xray_recorder.in_subsegment("handler"):
            connections = [connect(server.url()) for _ in range(2)]
            for number, connection in enumerate(connections):
                connection.request("GET", f"/status/{200 + number}")
            for connection in connections:
                connection.getresponse().read()
                connection.close()

        handler = daemon.subsegment("handler")
        calls = [each for each in daemon.subsegments() if "http" in each]
        assert {call["parent_id"] for call in calls} == {handler["id"]}
        assert {call["http"]["request"]["url"]: call["http"]["response"]["status"] for call in calls} == {
            server.url("/status/200"): 200,
            server.url("/status/201"): 201,
        }

    def test_an_answer_may_be_taken_by_another_thread(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        seen = []
        with xray_recorder.in_subsegment("handler"):
            connection = connect(server.url())
            connection.request("GET", "/")

            def take() -> None:
                connection.getresponse().read()
                seen.append(xray_recorder.current_subsegment())

            thread = threading.Thread(target=take)
            thread.start()
            thread.join()
            connection.close()

        daemon.expect_tree("""
            handler
              127.0.0.1
        """)
        assert seen == [None]

    def test_a_connection_closed_without_asking_for_the_answer_ends_the_exchange(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        connection = connect(server.url())
        connection.request("GET", "/slow")
        connection.close()

        call = the_call(daemon)
        assert call["end_time"]
        assert "response" not in call["http"]
        assert "fault" not in call

    def test_an_exchange_that_nobody_ended_is_in_progress_when_the_next_invocation_begins(
        self, patched: None, daemon: Daemon, server: HttpServer, invoke: Invoke
    ) -> None:
        connection = connect(server.url())
        connection.request("GET", "/slow")
        invoke()
        with xray_recorder.in_subsegment("next"):
            pass
        connection.close()

        assert tree(daemon.subsegments()[:1]) in ("127.0.0.1  in progress", "127.0.0.1")
        assert daemon.subsegment("next")["parent_id"] != daemon.subsegment("127.0.0.1")["id"]

    def test_a_connection_can_be_used_again_after_it_was_refused(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", unused_port())
        with pytest.raises(ConnectionRefusedError):
            connection.request("GET", "/")
        connection.close()
        connection.port = server.port
        connection.request("GET", "/again")
        connection.getresponse().read()
        connection.close()

        refused, again = daemon.subsegments()
        assert refused["fault"]
        assert again["http"]["response"]["status"] == 200
        assert parent_of(server) == again["id"]

    def test_calls_in_the_wrong_order_are_refused_as_ever(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        connection = connect(server.url())
        with pytest.raises(http.client.ResponseNotReady):
            connection.getresponse()
        with pytest.raises(http.client.CannotSendHeader):
            connection.endheaders()
        connection.putrequest("GET", "/")
        with pytest.raises(http.client.CannotSendRequest):
            connection.putrequest("GET", "/")
        with pytest.raises(http.client.ResponseNotReady):
            connection.getresponse()
        connection.endheaders()
        connection.getresponse().read()
        connection.close()

        assert the_call(daemon)["http"]["response"]["status"] == 200

    def test_urlopen_records_an_error_status_and_raises_as_ever(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(server.url("/status/404"))
        raised.value.close()

        call = the_call(daemon)
        assert raised.value.code == 404
        assert call["error"]
        assert "cause" not in call

    def test_each_hop_of_urlopen_is_an_exchange_of_its_own(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with urllib.request.urlopen(server.url("/redirect/302/status/200")) as response:
            assert response.status == 200

        calls = daemon.subsegments()
        assert [call["http"]["response"]["status"] for call in calls] == [302, 200]
        assert [trace_header(received).parent for received in server.received] == [
            call["id"] for call in calls
        ]

    def test_urlopen_leaves_the_callers_request_as_it_was(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        request = urllib.request.Request(server.url(), headers={NAME: "mine"})
        before = dict(request.headers)

        with urllib.request.urlopen(request) as response:
            response.read()

        assert parent_of(server) == the_call(daemon)["id"]
        assert request.headers == before

    def test_a_target_that_is_a_url_names_the_call(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        """So do requests to a proxy look."""
        connection = connect(server.url())
        connection.request("GET", "http://user:hidden@service.example:8080/path?query")
        connection.getresponse().read()
        connection.close()

        call = the_call(daemon)
        assert call["name"] == "service.example"
        assert call["http"]["request"]["url"] == "http://service.example:8080/path"

    def test_xmlrpc_is_traced(self, patched: None, daemon: Daemon, server: HttpServer) -> None:
        with xmlrpc.client.ServerProxy(server.url("/RPC2")) as proxy, pytest.raises(Exception):
            proxy.method()  # the answer is no XML

        assert the_call(daemon)["http"]["request"] == {"method": "POST", "url": server.url("/RPC2")}
        assert parent_of(server) == the_call(daemon)["id"]

    def test_subclasses_that_override_its_methods_work(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        class Connection(http.client.HTTPConnection):
            def putheader(self, header: Any, *values: Any) -> None:
                if header != "X-Skip":
                    super().putheader(header, *values)

            def getresponse(self, *args: Any) -> Any:
                return super().getresponse()

        connection = Connection("127.0.0.1", server.port)
        connection.request("GET", "/", headers={"X-Skip": "1"})
        connection.getresponse("ignored").read()
        connection.close()

        assert parent_of(server) == the_call(daemon)["id"]
        assert "x-skip" not in dict(server.last.headers)

    def test_an_https_connection_is_recorded_as_such(self, patched: None, daemon: Daemon, tls: Tls) -> None:
        connection = connect(tls.server.url(), authority=tls.authority)
        connection.request("GET", "/path")
        connection.getresponse().read()
        connection.close()

        assert the_call(daemon)["http"]["request"]["url"] == tls.server.url("/path")

    def test_patching_alone_imports_nothing_of_the_exchange(self) -> None:
        """http.client is imported in every Lambda function; a function that sends nothing pays as little as
        can be.
        """
        program = (
            "import http.client, sys; from lambda_tracer import patch; patch(['httplib']);"
            "print('lambda_tracer.patches.http.exchange' in sys.modules,"
            " hasattr(http.client.HTTPConnection.request, '__wrapped__'),"
            " hasattr(http.client.HTTPConnection.putrequest, '__wrapped__'))"
        )

        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        assert result.stdout.split() == ["False", "False", "True"]
