"""urllib3: the contract, and what is its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import patch
from tests.daemon import Daemon
from tests.patches.http.calls import parent_of, the_call, trace_header
from tests.patches.http.client import Answer, Client
from tests.patches.http.contract import HttpContract
from tests.patches.http.server import HttpServer

pytest.importorskip("urllib3", reason="urllib3 is not installed: pip install urllib3")

import urllib3  # only where it is installed


class Urllib3(Client):
    library = "urllib3"
    imports = "from urllib3 import PoolManager"
    program = "PoolManager().request('GET', url)"

    def get(
        self,
        url: str,
        method: str = "GET",
        headers: Any = None,
        timeout_s: float = 10.0,
        authority: Path | None = None,
    ) -> Answer:
        trust: dict[str, Any] = {} if authority is None else {"ca_certs": str(authority)}
        with urllib3.PoolManager(cert_reqs="REQUIRED", **trust) as manager:
            response = manager.request(method, url, headers=headers, timeout=timeout_s)
            return Answer(response.status, response.data, type(response))

    def begin_streaming(self, url: str) -> Any:
        manager = urllib3.PoolManager()
        return manager, manager.request("GET", url, preload_content=False)

    def read_stream(self, response: Any) -> bytes:
        manager, streamed = response
        with manager:
            body = b"".join(streamed.stream(4))
            streamed.release_conn()
        return body

    def replaced(self) -> list[tuple[Any, str]]:
        return [(urllib3.PoolManager, "urlopen"), (urllib3.HTTPConnectionPool, "urlopen")]


class TestUrllib3(HttpContract):
    client = Urllib3()

    def test_a_pool_by_itself_is_traced(self, patched: None, daemon: Daemon, server: HttpServer) -> None:
        with urllib3.HTTPConnectionPool("127.0.0.1", server.port, headers={"X-Pool": "1"}) as pool:
            pool.request("GET", "/path?query")

        call = the_call(daemon)
        assert call["http"]["request"]["url"] == server.url("/path")
        assert parent_of(server) == call["id"]
        assert ("x-pool", "1") in server.last.headers
        assert pool.headers == {"X-Pool": "1"}

    def test_positional_arguments_reach_the_pool(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with urllib3.HTTPConnectionPool("127.0.0.1", server.port) as pool:
            pool.urlopen("POST", "/path", b"body", {"X-Mine": "1"}, urllib3.Retry(0))

        assert parent_of(server) == the_call(daemon)["id"]
        assert ("x-mine", "1") in server.last.headers

    def test_a_managers_own_headers_are_sent_and_stay_as_they_are(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with urllib3.PoolManager(headers={"X-Manager": "1"}) as manager:
            manager.urlopen("GET", server.url())

        assert parent_of(server) == the_call(daemon)["id"]
        assert ("x-manager", "1") in server.last.headers
        assert manager.headers == {"X-Manager": "1"}

    def test_headers_with_several_values_keep_them(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        headers = urllib3._collections.HTTPHeaderDict()
        headers.add("X-Two", "1")
        headers.add("X-Two", "2")

        with urllib3.PoolManager() as manager:
            manager.request("GET", server.url(), headers=headers)

        assert parent_of(server) == the_call(daemon)["id"]
        assert [value for name, value in server.last.headers if name == "x-two"] in (["1", "2"], ["1, 2"])
        assert list(headers.items()) == [("X-Two", "1"), ("X-Two", "2")]

    @pytest.mark.parametrize("through", ["manager", "pool"])
    def test_retries_are_one_subsegment_with_the_last_status(
        self, patched: None, daemon: Daemon, server: HttpServer, through: str
    ) -> None:
        retries = urllib3.Retry(3, status_forcelist=[503], backoff_factor=0)
        if through == "manager":
            with urllib3.PoolManager() as manager:
                manager.request("GET", server.url("/flaky/2/a"), retries=retries)
        else:
            with urllib3.HTTPConnectionPool("127.0.0.1", server.port) as pool:
                pool.request("GET", "/flaky/2/a", retries=retries)

        call = the_call(daemon)
        assert call["http"]["response"]["status"] == 200
        assert "fault" not in call
        assert [trace_header(received).parent for received in server.received] == [call["id"]] * 3

    def test_running_out_of_retries_is_a_fault_with_its_cause(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        retries = urllib3.Retry(1, status_forcelist=[503], backoff_factor=0)

        with urllib3.PoolManager() as manager, pytest.raises(urllib3.exceptions.MaxRetryError):
            manager.request("GET", server.url("/status/503"), retries=retries)

        daemon.expect_tree("127.0.0.1  fault MaxRetryError")

    def test_a_redirect_to_another_host_is_the_same_call(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with urllib3.PoolManager() as manager:
            manager.request("GET", server.url(f"/redirect/302?to=http://localhost:{server.port}/there"))

        call = the_call(daemon)
        assert [trace_header(received).parent for received in server.received] == [call["id"]] * 2
        assert server.last.target == "/there"

    def test_a_call_through_a_proxy_is_named_by_its_target(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with urllib3.ProxyManager(server.url()) as proxy:
            proxy.request("GET", "http://service.example/path")

        call = the_call(daemon)
        assert call["name"] == "service.example"
        assert call["http"]["request"]["url"] == "http://service.example/path"
        assert server.last.target == "http://service.example/path"
        assert parent_of(server) == call["id"]

    def test_a_body_that_is_not_preloaded_is_left_to_the_caller(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with urllib3.HTTPConnectionPool("127.0.0.1", server.port) as pool:
            response = pool.urlopen("GET", "/stream", preload_content=False)
            recorded = the_call(daemon)
            server.release()
            body = response.read()
            response.release_conn()

        assert recorded["http"]["response"] == {"status": 200, "content_length": 10}
        assert body == b"first-last"

    def test_with_only_http_client_patched_it_is_traced_once(
        self, daemon: Daemon, server: HttpServer
    ) -> None:
        patch(["httplib"])

        with urllib3.PoolManager() as manager:
            manager.request("GET", server.url("/a"))
            manager.request("GET", server.url("/b"))

        assert [call["http"]["request"]["url"] for call in daemon.subsegments()] == [
            server.url("/a"),
            server.url("/b"),
        ]
        assert parent_of(server) == daemon.subsegments()[-1]["id"]
