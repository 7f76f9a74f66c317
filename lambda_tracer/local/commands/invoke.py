"""`lambda-tracer invoke HANDLER`: run a handler as Lambda would and show its trace.

Standard output carries the handler's results and nothing else, so that they can be piped on; the function's
log and the traces go to standard error. Exit code: 0, 1 when the function failed, 2 for bad usage or output
that can't be written, 130 and 143 when interrupted.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_tracer.local.commands.handler_name import check_handler, hint
from lambda_tracer.local.commands.invoke_options import (
    add_to,
    check_header,
    check_installed,
    check_name,
    events,
    time_limit,
)
from lambda_tracer.local.commands.streams import complain
from lambda_tracer.local.commands.usage import UsageError, quoted
from lambda_tracer.local.commands.variables import variables, warnings
from lambda_tracer.local.run.interruption import ignore_signals, raise_on_signals
from lambda_tracer.local.show.result import init_failure

if TYPE_CHECKING:
    from lambda_tracer.local.commands.outputs import Outputs
    from lambda_tracer.local.run.session import Outcome, Session

__all__ = ["add_to", "run"]

FAILED = 1
INTERRUPTED = 128 + signal.SIGINT


def run(options: argparse.Namespace) -> int:
    """Run the function as `options` say and give the exit code."""
    task_root = Path(options.task_root)
    if not task_root.is_dir():
        raise UsageError(f"--task-root: no such folder: {quoted(options.task_root)}")
    check_handler(options.handler, task_root)
    check_header(options.trace_header)
    check_name(options.function_name)
    environment = variables(options.env_file, options.env)
    given = events(options.event or ["{}"])
    check_installed(options.inline)
    for line in warnings(environment):
        complain(line)
    timeout_s, is_timed = time_limit(options)
    # rich and what draws with it only now: --help and bad usage need none of it.
    from lambda_tracer.local.commands.outputs import Outputs
    from lambda_tracer.local.run.function import FunctionSettings
    from lambda_tracer.local.run.session import Session

    settings = FunctionSettings(
        handler=options.handler,
        task_root=task_root.resolve(),
        name=options.function_name,
        timeout_s=timeout_s,
        is_timed=is_timed,
        memory_mb=options.memory,
        environment=environment,
    )
    outputs = Outputs(options)
    raise_on_signals()
    with Session(settings, options.inline) as session:
        try:
            outcomes = _run(session, options, given, outputs, settings.task_root)
        finally:
            # What is being ended is ended: a Ctrl-C, or a second one, must not leave half of it behind.
            ignore_signals()
    outputs.end(outcomes)
    if any(outcome.is_interrupted for outcome in outcomes):
        return INTERRUPTED
    return FAILED if any(outcome.has_failed for outcome in outcomes) else 0


def _run(
    session: Session, options: argparse.Namespace, given: list[bytes], outputs: Outputs, task_root: Path
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    count = options.invocations or len(given)
    for number in range(1, count + 1):
        event = given[(number - 1) % len(given)]
        outcome = session.invoke(event, options.trace_header, not options.unsampled)
        outcomes.append(outcome)
        outputs.result(outcome)
        if not outcome.has_started and not outcome.is_interrupted:
            # There is nothing to draw, and the next one would fail in the same way.
            error = outcome.invocation.error or {}
            line, *stack = init_failure(error).split("\n")
            complain("\n".join([line + hint(options.handler, task_root, options.task_root, error), *stack]))
            break
        outputs.trace(outcome, number, count)
        if outcome.is_interrupted:
            break
        if options.inline and (outcome.invocation.error or {}).get("errorType") == "Runtime.ExitError":
            if number < count:
                complain("the handler exited, which ends an --inline run")
            break
    return outcomes
