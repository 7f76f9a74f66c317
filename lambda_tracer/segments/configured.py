"""What `configure` says of segments of our own: sampling rules, a sampler, plugins. They hold for the process."""

from __future__ import annotations

import os

from ..guard import Late
from .sampling import decision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .plugins import host
    from .sampling import local_rules, sampler
else:
    host = Late("lambda_tracer.segments.plugins.host")
    local_rules = Late("lambda_tracer.segments.sampling.local_rules")
    sampler = Late("lambda_tracer.segments.sampling.sampler")


def configure(
    *,
    sampling_rules: Any = None,
    own_sampler: Any = None,
    plugins: Iterable[str] | None = None,
    daemon_address: str | None = None,
) -> None:
    """Have all segments that begin from now on be as these say; None leaves one as it is.

    `sampling_rules` is a dict, or the path of a JSON file; raises InvalidRules, a ValueError, and OSError.
    `own_sampler` has `should_trace(sampling_req)`, as in the X-Ray SDK. `daemon_address` is where rules are asked for.
    """
    if daemon_address:
        decision.ask_at(daemon_address)
    if own_sampler is not None:
        decision.use(sampler.asking(own_sampler))
    if sampling_rules:
        decision.use_rules(rules_in(sampling_rules))
    if plugins is not None:
        host.use(plugins)


def rules_in(given: Any) -> local_rules.LocalRules:
    """The rules in a dict or in a file. Raises InvalidRules, and OSError."""
    if isinstance(given, (str, bytes, os.PathLike)):
        return local_rules.read_file(given)
    return local_rules.LocalRules(given)
