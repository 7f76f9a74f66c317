"""The X-Ray SDK's subclasses of SQLAlchemy's classes: SQLAlchemy itself is patched, so they add nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm.query import Query
from sqlalchemy.orm.session import Session, sessionmaker

from ..patches import registry

registry.patch(["sqlalchemy_core"])


class XRaySession(Session):
    """A session."""

    __module__ = "aws_xray_sdk.ext.sqlalchemy.query"


class XRayQuery(Query):  # type: ignore[type-arg]  # as general as SQLAlchemy's
    """A query."""

    __module__ = "aws_xray_sdk.ext.sqlalchemy.query"


class XRaySessionMaker(sessionmaker):  # type: ignore[type-arg]  # as general as SQLAlchemy's
    """Makes sessions."""

    __module__ = "aws_xray_sdk.ext.sqlalchemy.query"

    def __init__(self, bind: Any = None, class_: Any = XRaySession, **options: Any) -> None:
        """Takes what `sessionmaker` takes; what this release of SQLAlchemy has no more is left out."""
        if options.get("autocommit") is False:
            del options["autocommit"]
        options.setdefault("query_cls", XRayQuery)
        super().__init__(bind, class_=class_, **options)


def decorate_all_functions(function_decorator: Any) -> Any:
    """A decorator of classes that changes nothing."""
    return lambda cls: cls


def xray_on_call(cls: Any, func: Any) -> Any:
    """The function as it is."""
    return func


def parse_bind(bind: Any) -> dict[str, Any]:
    """What is known of where a session is bound to: the URL without its password, and the kind of database."""
    url = bind.engine.url
    return {
        "name": url.host or "",
        "url": url.render_as_string(hide_password=True),
        "user": url.username or "",
        "database_type": bind.engine.name,
    }
