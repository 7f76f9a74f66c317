"""The X-Ray SDK's subclasses of Flask-SQLAlchemy's classes, for Flask-SQLAlchemy 3; see `sqlalchemy`."""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.model import Model
from flask_sqlalchemy.query import Query
from flask_sqlalchemy.session import Session

from ..patches import registry

registry.patch(["sqlalchemy_core"])


class XRayBaseQuery(Query):  # type: ignore[misc]  # Flask-SQLAlchemy need not be there
    """A query."""

    __module__ = "aws_xray_sdk.ext.flask_sqlalchemy.query"


class XRaySignallingSession(Session):  # type: ignore[misc]
    """A session."""

    __module__ = "aws_xray_sdk.ext.flask_sqlalchemy.query"


class XRayFlaskSqlAlchemy(SQLAlchemy):  # type: ignore[misc]
    """The extension. Its statements are traced by the patch of SQLAlchemy, as those of any other."""

    __module__ = "aws_xray_sdk.ext.flask_sqlalchemy.query"

    def __init__(
        self,
        app: Any = None,
        use_native_unicode: bool = True,
        session_options: dict[str, Any] | None = None,
        metadata: Any = None,
        query_class: Any = XRayBaseQuery,
        model_class: Any = Model,
        **options: Any,
    ) -> None:
        """Takes what the SDK's takes, of which `use_native_unicode` means nothing any more, and `SQLAlchemy`'s own."""
        super().__init__(
            app,
            metadata=metadata,
            session_options={"class_": XRaySignallingSession, **(session_options or {})},
            query_class=query_class,
            model_class=model_class,
            **options,
        )
