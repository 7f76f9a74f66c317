"""The X-Ray SDK's old names for SQLAlchemy and Flask-SQLAlchemy, on the releases with which the SDK's own fail."""

from __future__ import annotations

from typing import Any

from tests.compat.programs import DAEMON, run

PROGRAM = (
    DAEMON
    + """
del os.environ["_X_AMZN_TRACE_ID"]
daemon.settimeout(10)
from aws_xray_sdk.core import patch_all, xray_recorder
xray_recorder.configure(service="svc", sampling=False)

def statements():
    "What came: of each statement the name, and the sql block."
    daemon.sendto(b"mark", daemon.getsockname())
    found = []
    while (datagram := daemon.recv(70_000)) != b"mark":
        for each in json.loads(datagram.split(b"\\n", 1)[1]).get("subsegments", []):
            found.append([each["name"], each["namespace"], each["sql"]["url"], each["sql"]["sanitized_query"]])
    return found

from sqlalchemy import Column, Integer, String, create_engine
from sqlalchemy.orm import declarative_base
from aws_xray_sdk.ext.sqlalchemy.query import XRayQuery, XRaySession, XRaySessionMaker

Base = declarative_base()
class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String(30))

def with_sqlalchemy():
    engine = create_engine("sqlite:///:memory:")
    Base.metadata.create_all(engine)
    with xray_recorder.in_segment("work"):
        Session = XRaySessionMaker(bind=engine, autocommit=False)
        session = Session()
        session.add(User(name="secret"))
        session.commit()
        query = session.query(User).filter_by(name="secret")
        told = [query.one().name, isinstance(session, XRaySession), isinstance(query, XRayQuery)]
        session.close()
    return [told, statements()]

note("SQLAlchemy", with_sqlalchemy)
patch_all()
note("patched, too", with_sqlalchemy)

def with_flask():
    from flask import Flask
    from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
    from aws_xray_sdk.ext.flask_sqlalchemy.query import XRayBaseQuery, XRayFlaskSqlAlchemy
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///:memory:"
    XRayMiddleware(app, xray_recorder)
    db = XRayFlaskSqlAlchemy(app, use_native_unicode=True)
    class Item(db.Model):
        id = db.Column(db.Integer, primary_key=True)
    with app.app_context():
        db.create_all()
    @app.route("/")
    def index():
        return str([isinstance(Item.query, XRayBaseQuery), Item.query.filter_by(id=7).first()])
    return [app.test_client().get("/").text, statements()]

if importlib.util.find_spec("flask_sqlalchemy"):
    note("Flask-SQLAlchemy", with_flask)
"""
)

URL = "sqlite:///:memory:"


def test_each_statement_of_the_old_sessions_is_recorded_once() -> None:
    told: dict[str, Any] = run(PROGRAM, LAMBDA_TASK_ROOT="").told

    statements = [
        [":memory:", "remote", URL, "INSERT INTO users (name) VALUES (?)"],
        [
            *(":memory:", "remote", URL),
            "SELECT users.id AS users_id, users.name AS users_name \nFROM users \nWHERE users.name = ?",
        ],
    ]
    assert told["SQLAlchemy"] == told["patched, too"] == [["secret", True, True], statements]
    if "Flask-SQLAlchemy" in told:
        text, (statement,) = told["Flask-SQLAlchemy"]
        assert (text, statement[:3]) == ("[True, None]", [":memory:", "remote", URL])
        assert statement[3].startswith("SELECT item.id AS item_id \nFROM item \nWHERE item.id = ?")
