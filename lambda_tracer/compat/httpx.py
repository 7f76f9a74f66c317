"""The X-Ray SDK's transports for httpx: its clients are patched, so they hand on."""

from __future__ import annotations

import httpx

from ..patches import registry

registry.patch(["httpx"])


class SyncInstrumentedTransport(httpx.BaseTransport):
    """Hands requests on to a transport."""

    __module__ = "aws_xray_sdk.ext.httpx.patch"

    def __init__(self, transport: httpx.BaseTransport) -> None:
        """`transport` sends them."""
        self._wrapped_transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        return self._wrapped_transport.handle_request(request)

    def close(self) -> None:
        """Close the transport."""
        self._wrapped_transport.close()


class AsyncInstrumentedTransport(httpx.AsyncBaseTransport):
    """Hands requests on to an asynchronous transport."""

    __module__ = "aws_xray_sdk.ext.httpx.patch"

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        """`transport` sends them."""
        self._wrapped_transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        return await self._wrapped_transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._wrapped_transport.aclose()
