"""Whose exception it is: that of a library which the table knows, Python's, or the user's.

Its type says so: the names of its class and base classes are looked up in the table, so that no library is imported
here. Python's own types (ValueError) are raised by everybody; there it is whose code raised it.
"""

from __future__ import annotations

import os
import sys

from ...guard import Late, instruction
from .error import names_of, traceback_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from . import (
        any_library,
        any_sql,
        aws,
        azure,
        django,
        encoding,
        http,
        jsonschema,
        mongodb,
        mysql,
        postgresql,
        process,
        pydantic,
        redis,
        sqlalchemy,
        sqlite,
        web,
    )
    from .protocols import Rule
else:
    # Each only for the exceptions that it is the rule of.
    postgresql = Late("lambda_tracer.encode.message_rules.postgresql")
    mysql = Late("lambda_tracer.encode.message_rules.mysql")
    sqlite = Late("lambda_tracer.encode.message_rules.sqlite")
    any_sql = Late("lambda_tracer.encode.message_rules.any_sql")
    sqlalchemy = Late("lambda_tracer.encode.message_rules.sqlalchemy")
    django = Late("lambda_tracer.encode.message_rules.django")
    redis = Late("lambda_tracer.encode.message_rules.redis")
    http = Late("lambda_tracer.encode.message_rules.http")
    aws = Late("lambda_tracer.encode.message_rules.aws")
    azure = Late("lambda_tracer.encode.message_rules.azure")
    mongodb = Late("lambda_tracer.encode.message_rules.mongodb")
    pydantic = Late("lambda_tracer.encode.message_rules.pydantic")
    jsonschema = Late("lambda_tracer.encode.message_rules.jsonschema")
    encoding = Late("lambda_tracer.encode.message_rules.encoding")
    process = Late("lambda_tracer.encode.message_rules.process")
    web = Late("lambda_tracer.encode.message_rules.web")
    any_library = Late("lambda_tracer.encode.message_rules.any_library")

_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep

_HTTP_CLIENTS = (
    *("urllib3", "requests", "httpx", "httpcore", "h11", "h2", "aiohttp", "yarl", "idna", "http", "urllib"),
)

_BY_NAME: dict[str, Rule] = {
    "builtins.UnicodeDecodeError": encoding,
    "builtins.UnicodeEncodeError": encoding,
    "builtins.UnicodeTranslateError": encoding,
    "ipaddress.AddressValueError": any_library,
    "ipaddress.NetmaskValueError": any_library,
    "zoneinfo._common.ZoneInfoNotFoundError": any_library,
    "configparser.ParsingError": any_library,
    "subprocess.CalledProcessError": process,
    "subprocess.TimeoutExpired": process,
    "concurrent.futures.process._RemoteTraceback": process,
    "multiprocessing.pool.RemoteTraceback": process,
    "jsonschema.exceptions.ValidationError": jsonschema,
    "jsonschema.exceptions.SchemaError": jsonschema,
    "jsonschema.exceptions._Error": jsonschema,
    "simplejson.errors.JSONDecodeError": any_library,
    **dict.fromkeys(
        (
            "fastapi.exceptions.RequestValidationError",
            "fastapi.exceptions.WebSocketRequestValidationError",
            "fastapi.exceptions.ResponseValidationError",
            "aws_lambda_powertools.event_handler.openapi.exceptions.RequestValidationError",
            "aws_lambda_powertools.event_handler.openapi.exceptions.ResponseValidationError",
            "aws_lambda_powertools.event_handler.openapi.exceptions.SchemaValidationError",
            "aws_lambda_powertools.event_handler.openapi.exceptions.RequestUnsupportedContentType",
            "django.urls.exceptions.Resolver404",
            "django.core.exceptions.DisallowedHost",
            "django.core.exceptions.SuspiciousFileOperation",
            "bottle.HTTPError",
            "bottle.HTTPResponse",
        ),
        web,
    ),
}
_BY_PACKAGE: dict[str, Rule] = {
    **dict.fromkeys(("psycopg2", "psycopg", "psycopg_pool", "asyncpg", "pg8000", "aiopg"), postgresql),
    **dict.fromkeys(
        ("pymysql", "MySQLdb", "mysql", "_mysql_connector", "aiomysql", "asyncmy", "mariadb"), mysql
    ),
    **dict.fromkeys(("sqlite3", "_sqlite3", "aiosqlite"), sqlite),
    **dict.fromkeys(
        ("oracledb", "cx_Oracle", "pyodbc", "pymssql", "snowflake", "pyathena", "trino"), any_sql
    ),
    "sqlalchemy": sqlalchemy,
    "django.db.utils": django,
    **dict.fromkeys(("redis", "valkey"), redis),
    **dict.fromkeys(_HTTP_CLIENTS, http),
    **dict.fromkeys(("botocore", "boto3", "aiobotocore", "s3transfer", "pynamodb"), aws),
    "azure": azure,
    **dict.fromkeys(("pymongo", "bson", "gridfs", "motor"), mongodb),
    **dict.fromkeys(("pydantic", "pydantic_core"), pydantic),
}
"""Whose exceptions are whose: a class by its full name, a package or a module by its name."""

_FURTHER_LIBRARIES = frozenset(
    (
        "json",
        "simplejson",
        "orjson",
        "ujson",
        "marshmallow",
        "fastjsonschema",
        "jsonschema",
        "requests_toolbelt",
    )
)
"""Packages whose messages hold no values, or are the user's, but whose attributes refer to documents."""


def rule_of(module: str, name: str = "") -> Rule | None:
    """The rule of a class, by the full name of its module and its own name; without the latter, of a whole module."""
    of_package = _BY_PACKAGE.get(_package(module))
    return _BY_NAME.get(f"{module}.{name}", _BY_PACKAGE.get(module, of_package))


def is_library(module: str) -> bool:
    """Whether a module is Python's or one of a known library, `builtins` aside, whose types are everybody's."""
    package = _package(module)
    is_pythons = package in sys.stdlib_module_names and package != "builtins"
    return is_pythons or package in _FURTHER_LIBRARIES or rule_of(module) is not None


def is_of_library(kind: type) -> bool:
    """Whether a class is a library's or Python's own, or below one that is."""
    module, name = names_of(kind)
    return is_library(module) or rule_of(module, name) is not None


def is_http_client(module: str) -> bool:
    return _package(module) in _HTTP_CLIENTS


def _package(module: str) -> str:
    return module.partition(".")[0]


# Who raised it


def is_raised_by_user(error: BaseException) -> bool:
    """Whether a `raise` outside of Python's and the known libraries' own code raised it, or nothing did."""
    innermost = _innermost(error)
    if innermost is None:
        return True
    if _is_pythons(innermost) or _library_of(innermost) is not None:
        return False
    return instruction(innermost) == "RAISE_VARARGS"


def is_raised_by_python(error: BaseException) -> bool:
    """Whether code of Python's own library raised it."""
    innermost = _innermost(error)
    return innermost is not None and _is_pythons(innermost)


def library_of(error: BaseException) -> str | None:
    """The module of a known library that raised it; None if it was Python's own code or the user's."""
    innermost = _innermost(error)
    return None if innermost is None or _is_pythons(innermost) else _library_of(innermost)


def _innermost(error: BaseException) -> TracebackType | None:
    traceback: TracebackType | None = traceback_of(error)
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback


def _is_pythons(traceback: TracebackType) -> bool:
    path = traceback.tb_frame.f_code.co_filename
    is_standard = path.startswith(_STANDARD_LIBRARY) and "-packages" not in path
    return is_standard or path.startswith("<frozen ")


def _library_of(traceback: TracebackType) -> str | None:
    name = traceback.tb_frame.f_globals.get("__name__")
    return name if type(name) is str and is_library(name) else None
