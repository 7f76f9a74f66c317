"""The log is the user's: whatever its handlers, filters and loggers do, the call that had something logged goes on."""

from __future__ import annotations

import pytest

from tests.daemon import Daemon
from tests.programs import run
from tests.tree import tree

HANDLER = """
class Handler(logging.Handler):
    def emit(self, record):
        {body}

handler = Handler()
logging.getLogger().addHandler(handler)
"""

HANDLERS = {
    "raises": "raise ValueError",
    "exits": "sys.exit(3)",
    "interrupts": "raise KeyboardInterrupt",
    "blocks": "threading.Event().wait()",
    "logs again": 'logging.getLogger("lambda_tracer").warning("again")',
    "is traced": "work()",
    "begins an invocation": "lambda_handler({}, None)",
    "forks": "os.fork() or os._exit(0)",
}

SETUPS = {
    **{f"a handler that {name}": HANDLER.format(body=body) for name, body in HANDLERS.items()},
    "a filter that raises": """
def raises(record):
    raise SystemExit(3)

logging.getLogger("lambda_tracer").addFilter(raises)
""",
    "a filter that blocks": """
logging.getLogger("lambda_tracer").addFilter(lambda record: threading.Event().wait())
""",
    "a handler whose lock the caller holds": HANDLER.format(body="pass") + "handler.acquire()",
    "logging's own lock, held by another thread": """
held = threading.Event()

def hold():
    with logging._lock:
        held.set()
        threading.Event().wait()

threading.Thread(target=hold, daemon=True).start()
held.wait()
""",
    "a logger class that raises": """
class Logger(logging.Logger):
    def isEnabledFor(self, level):
        if self.name == "lambda_tracer":
            raise SystemExit(3)
        return super().isEnabledFor(level)

logging.setLoggerClass(Logger)
""",
    "a logger class that blocks": """
class Logger(logging.Logger):
    def isEnabledFor(self, level):
        if self.name == "lambda_tracer":
            threading.Event().wait()
        return super().isEnabledFor(level)

logging.setLoggerClass(Logger)
""",
}

PROGRAM = """
@tracer.capture_lambda_handler
def lambda_handler(event, context):
    work()
    xray_recorder.put_annotation("not a key", 1)
    xray_recorder.put_annotation("key", object())
    xray_recorder.put_metadata("key", 1, "AWS.reserved")
    xray_recorder.end_subsegment()
    return "result"

assert lambda_handler({}, None) == "result"
os._exit(0 if guard.failures == 0 else 5)
"""


@pytest.mark.parametrize("name", SETUPS)
def test_a_call_that_has_something_logged_goes_on(name: str, daemon: Daemon) -> None:
    run(SETUPS[name] + PROGRAM, hang_s=60)

    assert "## lambda_handler\n  ## __main__.work" in tree(daemon).text


@pytest.mark.parametrize(
    ("setup", "printed"),
    [
        ("logger.addHandler(Shown())", ["WARNING", "DEBUG"]),
        ("logger.addHandler(Shown()); logger.setLevel(logging.INFO)", ["WARNING"]),
        ("logger.addHandler(Shown()); logger.setLevel(logging.ERROR)", []),
        ("logger.addHandler(Shown()); logger.disabled = True", []),
        ("logger.addHandler(Shown()); logging.disable(logging.WARNING)", []),
        ("logging.getLogger().addHandler(Shown()); logging.getLogger().setLevel(logging.INFO)", ["WARNING"]),
        ('logging.getLogger("lambda_tracer.below"); logging.getLogger().addHandler(Shown())', ["WARNING"]),
    ],
)
def test_the_levels_that_the_user_set_hold(setup: str, printed: list[str], daemon: Daemon) -> None:
    output = run(f"""
class Shown(logging.Handler):
    def emit(self, record):
        print(record.levelname, flush=True)

logging.getLogger().setLevel(logging.WARNING if "below" in {setup!r} else logging.DEBUG)
if "logger" in {setup!r}.split("."):
    pass
logger = None if "below" in {setup!r} else logging.getLogger("lambda_tracer")
{setup}
for _ in range(2):
    with xray_recorder.in_subsegment("block") as subsegment:
        subsegment.put_annotation("not a key", 1)
""")
    daemon.clear()

    assert output.split() == printed
