"""Poller: asks the X-Ray daemon for sampling rules, and tells it what was counted, in a thread of its own.

The thread ends when nobody keeps the poller any more. A forked process begins one of its own with its first decision.
"""

from __future__ import annotations

import json
from _thread import allocate_lock, start_new_thread
from os import getpid, urandom
from weakref import ref

from ...clock import clock
from ...guard import failed, pass_on, warn_once
from ...send.daemon_address import InvalidDaemonAddressException, parse_daemon_address
from ..exchange import NoAnswer, exchange
from .central_rules import REPORT_S, read_rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .central_rules import CentralRule, CentralRules

RULES_S = 300.0
"""How often rules are asked for, and up to JITTER_S more: not all processes shall ask at the same moment."""

JITTER_S = 5.0

RETRY_S = 10.0
"""When rules are asked for again that did not come. That doubles up to RULES_S."""

TARGETS_MAX = 25
"""Counts of so many rules are taken in one call: SamplingStatisticsDocuments in X-Ray's API reference."""

PAGES_MAX = 20
"""Parts in which rules are taken."""


class Poller:
    """Keeps `rules` as X-Ray has them."""

    def __init__(self, rules: CentralRules, address: Callable[[], str]) -> None:
        """`address()` is the daemon's, as AWS_XRAY_DAEMON_ADDRESS has it. Its TCP side is asked."""
        self.rules = rules
        self._address = address
        self._pid = 0
        self._begun_by: dict[int, object] = {}  # in each process one call begins the thread
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._client_id = urandom(12).hex()
        self._rules_at = self._targets_at = 0.0  # of the clock that never goes back
        self._retry_s = RETRY_S
        self._bell = allocate_lock()
        self._bell.acquire()

    def see_to_it(self) -> None:
        """Have a thread ask, in this process. It never waits for an answer."""
        pid, mine = getpid(), object()
        if self._pid == pid or self._begun_by.setdefault(pid, mine) is not mine:
            return
        was, self._pid = self._pid, pid
        if was:  # this is a child of the one that asked so far
            self.rules.begin_anew()
            self._begin_anew()
        try:
            bell = self._bell
            start_new_thread(_run, (ref(self, lambda gone: _ring(bell)), bell))
        except RuntimeError as error:  # no thread can be started: at Python's end, or at a limit
            pass_on(error)

    def stop(self) -> None:
        """Have the thread end, which may be in the middle of asking."""
        self._pid = -1
        _ring(self._bell)

    @property
    def is_stopped(self) -> bool:
        """Whether the thread is to end."""
        return self._pid == -1

    def ask(self, at: float | None = None) -> float:
        """Ask what is due; return in how many seconds something is again. `at` is now, by the clock without leaps."""
        at = clock.monotonic() if at is None else at
        if at >= self._rules_at:
            if self._guarded(self._load_rules):
                self._retry_s = RETRY_S
                self._rules_at = at + RULES_S + JITTER_S * urandom(1)[0] / 255
            else:
                self._rules_at = at + self._retry_s
                self._retry_s = min(self._retry_s * 2, RULES_S)
            self._targets_at = at + REPORT_S if self.rules.rules else self._rules_at
        elif at >= self._targets_at:
            self._guarded(lambda: self._report(at))
            self._targets_at = at + min((rule.report_s for rule in self.rules.rules), default=REPORT_S)
        return max(min(self._rules_at, self._targets_at) - at, 0.0)

    def _guarded(self, ask: Callable[[], None]) -> bool:
        try:
            ask()
            return True
        except (NoAnswer, InvalidDaemonAddressException) as error:
            pass_on(error)
            warn_once(
                "sampling daemon",
                "the X-Ray daemon gives no sampling rules (%s): local ones hold",
                str(error),
            )
        except Exception as error:
            failed(error)
        return False

    def _load_rules(self) -> None:
        found: list[CentralRule] = []
        token = None
        for _ in range(PAGES_MAX):
            answer = self._asked("/GetSamplingRules", {"NextToken": token} if token else {})
            records = answer.get("SamplingRuleRecords")
            if not isinstance(records, list):
                raise NoAnswer("the answer has no rules")
            found += [rule for rule in map(read_rule, records) if rule is not None]
            token = answer.get("NextToken")
            if not token:
                break
        if found:
            self.rules.load(found, clock.now())

    def _report(self, at: float) -> None:
        due = self.rules.due(at)
        changed_at = 0.0
        for first in range(0, len(due), TARGETS_MAX):
            part = due[first : first + TARGETS_MAX]
            told = [
                {
                    "RuleName": rule.name,
                    "ClientID": self._client_id,
                    "RequestCount": counts[0],
                    "BorrowCount": counts[1],
                    "SampledCount": counts[2],
                    "Timestamp": int(clock.now()),
                }
                for rule, counts in part
            ]
            answer = self._asked("/SamplingTargets", {"SamplingStatisticsDocuments": told})
            for rule, counts in part:
                rule.have_been_reported(counts)
                rule.report_at = at + rule.report_s
            targets = answer.get("SamplingTargetDocuments")
            self.rules.load_targets(targets if isinstance(targets, list) else [], at)
            changed = answer.get("LastRuleModification")
            if isinstance(changed, (int, float)):
                changed_at = max(changed_at, changed)
        if self.rules.loaded_at is not None and changed_at > self.rules.loaded_at:
            self._rules_at = 0.0

    def _asked(self, path: str, question: dict[str, Any]) -> dict[str, Any]:
        address = parse_daemon_address(self._address(), "tcp")
        try:
            answer = json.loads(exchange(address, "POST", path, json.dumps(question).encode("ascii")))
        except (ValueError, RecursionError) as error:
            pass_on(error)
            raise NoAnswer("the answer is not JSON") from None
        if not isinstance(answer, dict):
            raise NoAnswer("the answer is no JSON object")
        return answer


def _ring(bell: Any) -> None:
    try:
        bell.release()
    except RuntimeError as error:  # it rings already
        pass_on(error)


def _run(polled: ref[Poller], bell: Any) -> None:
    pid = getpid()
    while True:
        poller = polled()
        if poller is None or poller.is_stopped or getpid() != pid:
            return
        try:
            wait_s = poller.ask()
        except Exception as error:
            failed(error)
            return
        del poller
        bell.acquire(True, max(wait_s, 0.01))
