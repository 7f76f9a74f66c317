"""Ways: how a client comes to run code of the user's while its call is under way, and how users change what it does.

A `UserWay` runs `work` during a call of `url`, as something of the user's own. An `OwnWay` calls `url` through
functions of the user's that stand in the place of the library's: what they do is the call itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import io
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import httpx
import requests
import urllib3
from urllib3.connection import HTTPConnection

Work = Callable[[], object]


class UserWay(NamedTuple):
    library: str
    name: str
    call: Callable[[str, Work], object]


class OwnWay(NamedTuple):
    library: str
    name: str
    call: Callable[[str], object]


USER_WAYS: list[UserWay] = []
OWN_WAYS: list[OwnWay] = []


def user_way(library: str) -> Callable[[Any], Any]:
    def keep(call: Callable[[str, Work], object]) -> Callable[[str, Work], object]:
        USER_WAYS.append(UserWay(library, call.__name__, call))
        return call

    return keep


def own_way(library: str) -> Callable[[Any], Any]:
    def keep(call: Callable[[str], object]) -> Callable[[str], object]:
        OWN_WAYS.append(OwnWay(library, call.__name__, call))
        return call

    return keep


def chunks(work: Work) -> Iterator[bytes]:
    work()
    yield b"row"


async def async_chunks(work: Work) -> AsyncIterator[bytes]:
    work()
    yield b"row"


class LazyFile:
    """A file whose content is fetched when it is first read."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._content: io.BytesIO | None = None

    def __len__(self) -> int:
        return 3

    def read(self, size: int = -1) -> bytes:
        if self._content is None:
            self._work()
            self._content = io.BytesIO(b"row")
        return self._content.read(size)


# requests


@user_way("requests")
def response_hook(url: str, work: Work) -> None:
    requests.get(url, hooks={"response": lambda response, **_: work() and None})


@user_way("requests")
def hook_that_is_a_method_of_the_session(url: str, work: Work) -> None:
    class Api(requests.Session):
        def __init__(self) -> None:
            super().__init__()
            self.hooks["response"].append(self.renew)

        def renew(self, response: Any, **_: Any) -> None:
            work()

    with Api() as session:
        session.get(url)


@user_way("requests")
def authentication_handler(url: str, work: Work) -> None:
    class Auth(requests.auth.AuthBase):
        def __call__(self, request: Any) -> Any:
            request.register_hook("response", lambda response, **_: work() and None)
            return request

    requests.get(url, auth=Auth())


@user_way("requests")
def adapter_that_fetches_before_it_sends(url: str, work: Work) -> None:
    class Adapter(requests.adapters.HTTPAdapter):
        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            work()
            return super().send(request, *args, **kwargs)

    with requests.Session() as session:
        session.mount("http://", Adapter())
        session.get(url)


@user_way("requests")
def generator_as_body(url: str, work: Work) -> None:
    requests.post(url, data=chunks(work))


@user_way("requests")
def file_as_body(url: str, work: Work) -> None:
    requests.post(url, data=LazyFile(work))


@own_way("requests")
def session_with_methods_of_its_own(url: str) -> None:
    class Api(requests.Session):
        def request(self, *args: Any, **kwargs: Any) -> Any:
            return super().request(*args, **kwargs)

        def send(self, request: Any, **kwargs: Any) -> Any:
            return super().send(request, **kwargs)

        def resolve_redirects(self, *args: Any, **kwargs: Any) -> Any:
            yield from super().resolve_redirects(*args, **kwargs)

        def get_adapter(self, *args: Any, **kwargs: Any) -> Any:
            return super().get_adapter(*args, **kwargs)

    with Api() as session:
        session.get(url)


@own_way("requests")
def session_with_a_decorated_method(url: str) -> None:
    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return call

    class Api(requests.Session):
        @logged
        def send(self, request: Any, **kwargs: Any) -> Any:
            return self.attempt(lambda: super(Api, self).send(request, **kwargs))

        def attempt(self, send: Any) -> Any:
            return send()

    with Api() as session:
        session.get(url)


@own_way("requests")
def session_with_a_replaced_function(url: str) -> None:
    with requests.Session() as session:
        send = session.send

        def logged(*args: Any, **kwargs: Any) -> Any:
            return send(*args, **kwargs)

        session.send = logged  # type: ignore[method-assign]
        session.get(url)


@own_way("requests")
def adapter_of_its_own(url: str) -> None:
    class Adapter(requests.adapters.HTTPAdapter):
        def send(self, *args: Any, **kwargs: Any) -> Any:
            return super().send(*args, **kwargs)

        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
            return super().get_connection_with_tls_context(*args, **kwargs)

    with requests.Session() as session:
        session.mount("http://", Adapter())
        session.get(url)


@own_way("requests")
def adapter_around_another(url: str) -> None:
    class Around(requests.adapters.BaseAdapter):
        inner = requests.adapters.HTTPAdapter()

        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            return self.inner.send(request, *args, **kwargs)

        def close(self) -> None:
            self.inner.close()

    with requests.Session() as session:
        session.mount("http://", Around())
        session.get(url)


@own_way("requests")
def adapter_over_another_library(url: str) -> None:
    class Adapter(requests.adapters.HTTPAdapter):
        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            with urllib3.PoolManager() as manager:
                answer = manager.request(
                    request.method,
                    request.url,
                    headers=request.headers,
                    redirect=False,
                    preload_content=False,
                )
                return self.build_response(request, answer)

    with requests.Session() as session:
        session.mount("http://", Adapter())
        session.get(url)


# httpx


@user_way("httpx")
def event_hook(url: str, work: Work) -> None:
    with httpx.Client(event_hooks={"request": [lambda request: work()]}) as client:
        client.get(url)


@user_way("httpx")
def hook_that_is_a_method_of_the_client(url: str, work: Work) -> None:
    class Api(httpx.Client):
        def __init__(self) -> None:
            super().__init__(event_hooks={"response": [self.renew]})

        def renew(self, response: Any) -> None:
            work()

    with Api() as client:
        client.get(url)


@user_way("httpx")
def authentication_flow(url: str, work: Work) -> None:
    class Auth(httpx.Auth):
        def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
            work()
            yield request

    with httpx.Client(auth=Auth()) as client:
        client.get(url)


@user_way("httpx")
def httpx_generator_as_body(url: str, work: Work) -> None:
    with httpx.Client() as client:
        client.post(url, content=chunks(work))


@user_way("httpx")
def application_called_in_process(url: str, work: Work) -> None:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        work()
        start_response("200 OK", [])
        return [b"ok"]

    with httpx.Client(transport=httpx.WSGITransport(application)) as client:
        client.get(url)


@user_way("httpx")
def async_event_hook(url: str, work: Work) -> None:
    async def hook(response: Any) -> None:
        work()

    async def main() -> None:
        async with httpx.AsyncClient(event_hooks={"response": [hook]}) as client:
            await client.get(url)

    asyncio.run(main())


@user_way("httpx")
def task_begun_in_a_hook(url: str, work: Work) -> None:
    async def background() -> None:
        work()

    async def hook(response: Any) -> None:
        await asyncio.create_task(background())

    async def main() -> None:
        async with httpx.AsyncClient(event_hooks={"response": [hook]}) as client:
            await client.get(url)

    asyncio.run(main())


@user_way("httpx")
def httpx_async_generator_as_body(url: str, work: Work) -> None:
    async def main() -> None:
        async with httpx.AsyncClient() as client:
            await client.post(url, content=async_chunks(work))

    asyncio.run(main())


@user_way("httpx")
def async_application_called_in_process(url: str, work: Work) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        work()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application)) as client:
            await client.get(url)

    asyncio.run(main())


@own_way("httpx")
def client_with_methods_of_its_own(url: str) -> None:
    class Api(httpx.Client):
        def request(self, *args: Any, **kwargs: Any) -> Any:
            return super().request(*args, **kwargs)

        def send(self, *args: Any, **kwargs: Any) -> Any:
            return super().send(*args, **kwargs)

        def _send_single_request(self, request: Any) -> Any:
            return super()._send_single_request(request)

    with Api(follow_redirects=True) as client:
        client.get(url)


@own_way("httpx")
def transport_over_another_library(url: str) -> None:
    class Transport(httpx.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            answer = requests.request(
                request.method, str(request.url), headers=dict(request.headers), allow_redirects=False
            )
            return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    with httpx.Client(transport=Transport(), follow_redirects=True) as client:
        client.get(url)


# urllib3


@user_way("urllib3")
def urllib3_generator_as_body(url: str, work: Work) -> None:
    with urllib3.PoolManager() as manager:
        manager.request("POST", url, body=chunks(work))


@user_way("urllib3")
def connection_that_fetches_before_it_connects(url: str, work: Work) -> None:
    class Connection(HTTPConnection):
        def connect(self) -> None:
            work()
            super().connect()

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

    parts = urlsplit(url)
    with Pool(parts.hostname or "", parts.port) as pool:
        pool.request("GET", parts.path)


@own_way("urllib3")
def manager_and_pool_of_its_own(url: str) -> None:
    class Connection(HTTPConnection):
        def request(self, *args: Any, **kwargs: Any) -> Any:
            return super().request(*args, **kwargs)

        def putrequest(self, *args: Any, **kwargs: Any) -> Any:
            return super().putrequest(*args, **kwargs)

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

        def urlopen(self, *args: Any, **kwargs: Any) -> Any:
            return super().urlopen(*args, **kwargs)

    class Manager(urllib3.PoolManager):
        def urlopen(self, *args: Any, **kwargs: Any) -> Any:
            return super().urlopen(*args, **kwargs)

        def connection_from_host(self, *args: Any, **kwargs: Any) -> Any:
            return super().connection_from_host(*args, **kwargs)

    with Manager() as manager:
        manager.pool_classes_by_scheme = {"http": Pool}
        manager.request("GET", url)


@own_way("urllib3")
def function_around_that_of_the_pool(url: str) -> None:
    urlopen = urllib3.HTTPConnectionPool.urlopen

    def logged(*args: Any, **kwargs: Any) -> Any:
        return urlopen(*args, **kwargs)

    urllib3.HTTPConnectionPool.urlopen = logged  # type: ignore[method-assign]
    try:
        with urllib3.PoolManager() as manager:
            manager.request("GET", url)
    finally:
        urllib3.HTTPConnectionPool.urlopen = urlopen  # type: ignore[method-assign]


# aiohttp


@user_way("aiohttp")
def client_middleware(url: str, work: Work) -> None:
    async def middleware(request: Any, handler: Any) -> Any:
        work()
        return await handler(request)

    async def main() -> None:
        async with aiohttp.ClientSession(middlewares=[middleware]) as session, session.get(url) as response:
            await response.read()

    asyncio.run(main())


@user_way("aiohttp")
def hook_of_a_trace_config(url: str, work: Work) -> None:
    async def hook(session: Any, context: Any, params: Any) -> None:
        work()

    async def main() -> None:
        config = aiohttp.TraceConfig()
        config.on_request_start.append(hook)
        async with aiohttp.ClientSession(trace_configs=[config]) as session, session.get(url) as response:
            await response.read()

    asyncio.run(main())


@user_way("aiohttp")
def aiohttp_async_generator_as_body(url: str, work: Work) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session, session.post(url, data=async_chunks(work)) as response:
            await response.read()

    asyncio.run(main())


# http.client


@user_way("httplib")
def httplib_generator_as_body(url: str, work: Work) -> None:
    parts = urlsplit(url)
    headers = {"Transfer-Encoding": "chunked"}
    with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port)) as connection:
        connection.request("POST", parts.path, chunks(work), headers, encode_chunked=True)
        connection.getresponse().read()
