"""The X-Ray SDK's subclass of Flask-SQLAlchemy's extension: SQLAlchemy itself is patched, so it adds nothing."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy

from .sqlalchemy import XRayQuery as XRayBaseQuery
from .sqlalchemy import XRaySession as XRaySignallingSession

__all__ = ["XRayBaseQuery", "XRayFlaskSqlAlchemy", "XRaySignallingSession"]


class XRayFlaskSqlAlchemy(SQLAlchemy):  # type: ignore[misc]  # Flask-SQLAlchemy need not be there
    """The extension."""

    __module__ = "aws_xray_sdk.ext.flask_sqlalchemy.query"
