"""The table: every public name of the SDK that is installed is in it, but for those that are listed here."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from lambda_tracer.compat import table
from tests.compat.programs import run

LEFT_OUT = {
    # what its patches call, each for one library's call: nobody calls them by hand
    "ext.aiohttp.client": {
        *("REMOTE_NAMESPACE", "LOCAL_NAMESPACE", "LOCAL_EXCEPTIONS", "begin_subsegment", "end_subsegment"),
        "end_subsegment_with_exception",
    },
    "ext.httplib.patch": {
        *("httplib_client_module", "PATCH_FLAG", "http_response_processor", "http_send_request_processor"),
        "http_read_processor",
    },
    "ext.mysql.patch": {"MYSQL_ATTR", "sanitize_db_ver"},
    "ext.pymysql.patch": {"sanitize_db_ver"},
    "ext.pynamodb.patch": {"PYNAMODB4", "pynamodb_meta_processor"},
    "ext.requests.patch": {"requests_processor"},
    "ext.util": {"first_cap_re", "all_cap_re"},
    # how its decorators know each other
    "core.models.subsegment": {
        *(
            "SUBSEGMENT_RECORDING_ATTRIBUTE",
            "set_as_recording",
            "is_already_recording",
            "subsegment_decorator",
        ),
    },
    "core.utils.compat": {"is_classmethod", "is_instance_method"},
    # how its plugin for EC2 asks where it runs, which Lambda is not
    "core.plugins.ec2_plugin": {"get_token", "get_metadata", "parse_metadata_json", "do_request"},
}


def test_every_public_name_of_the_sdk_is_there() -> None:
    missing = {}
    for module, path in _modules():
        names = set(_public(ast.parse(path.read_text(encoding="utf-8")).body))
        missing[module] = names - _names(module)
        assert module in table.MODULES

    assert {module: names for module, names in missing.items() if names} == LEFT_OUT
    assert len(missing) > 80


PROGRAM = """
from lambda_tracer.compat.table import MODULES

def star(module):
    names = {}
    exec(f"from {module} import *", names)
    return len(names)

note("flask_sqlalchemy", lambda: __import__("flask_sqlalchemy") is None)
for below in MODULES:
    module = f"aws_xray_sdk.{below}".rstrip(".")
    note(module, lambda: star(module))
"""


def test_every_name_can_be_imported() -> None:
    told = run(PROGRAM).told

    if str(told.pop("flask_sqlalchemy")).startswith("raises"):
        del told["aws_xray_sdk.ext.flask_sqlalchemy.query"]
    assert {module: found for module, found in told.items() if str(found).startswith("raises")} == {}
    assert len(told) > 80


def test_packages_are_those_of_the_sdk() -> None:
    assert {module for module, path in _modules() if path.name == "__init__.py"} == table.PACKAGES


def _modules() -> Iterator[tuple[str, Path]]:
    """The modules of the SDK that is installed, which is read and not imported."""
    spec = importlib.util.find_spec("aws_xray_sdk")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _names(module: str) -> set[str]:
    listed = [part.partition(": ")[2].split() for part in table.MODULES[module].split(";")]
    return {name.partition("=")[0] for names in listed for name in names}


def _public(body: list[ast.stmt]) -> Iterator[str]:
    """What a module defines, and what it has of the SDK's other modules."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.If):
            names = [*_public(node.body), *_public(node.orelse)]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))
