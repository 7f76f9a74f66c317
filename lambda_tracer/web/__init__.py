"""Middlewares for servers: each request is a segment of its own, where Lambda gives none.

`ASGIMiddleware` is for Starlette, FastAPI, Quart and others on uvicorn or hypercorn, `WSGIMiddleware` for Flask,
Django, Bottle and others, `aiohttp_middleware` for aiohttp's server. They do their work where `LAMBDA_TRACER_SEGMENT`
asks for segments, and hand requests on elsewhere.
"""

from __future__ import annotations

from .aiohttp import aiohttp_middleware
from .asgi import ASGIMiddleware
from .naming import DynamicNaming
from .wsgi import WSGIMiddleware

__all__ = ["ASGIMiddleware", "DynamicNaming", "WSGIMiddleware", "aiohttp_middleware"]
