"""What the pages say about the package, beside what the package itself has. What is imported of it is imported here."""

from __future__ import annotations

from typing import NamedTuple

from lambda_tracer import guard, settings, sqs, xray
from lambda_tracer.capture import kept_exceptions
from lambda_tracer.encode import any_value, kept_line, limits, redaction
from lambda_tracer.events import batch, envelope
from lambda_tracer.local import cli
from lambda_tracer.local.commands import doctor
from lambda_tracer.local.doctor import examination, explanation, files, finding
from lambda_tracer.local.receive import document_blocks, documents, invocation
from lambda_tracer.local.run import function
from lambda_tracer.local.view import http_server, joined_trace, log, store
from lambda_tracer.local.view.xray_api import put, traces
from lambda_tracer.otel import conventions, described, mapping
from lambda_tracer.patches import registry
from lambda_tracer.patches.aws import call
from lambda_tracer.patches.sql import text as sql_text
from lambda_tracer.segments import exchange
from lambda_tracer.segments.sampling import central_rules, poller
from lambda_tracer.send import emitter, host_name, log_line, outbox, watchdog
from lambda_tracer.send.otlp import request as otlp
from lambda_tracer.testing import validity
from lambda_tracer.trace import header, initialization, kept, w3c

is_secret = redaction.is_secret
command = cli.main
PATCHABLE = {*registry.LIBRARIES, *registry.ALIASES}
"""Every name that `patch` takes, but for packages of the user's own."""


FINDINGS = [(code, kind.group) for code, kind in finding.CODES.items()]
"""What the command `doctor` can say, in its order, by the part of the page that it is in."""

EXPLANATIONS = explanation.explanations()
"""What it says of each."""


class Limit(NamedTuple):
    """A number of the package's, and the words around it on a page."""

    value: float
    page: str
    said: str


_LIMITS = "docs/reference/limits.md"
_TIMEOUTS = "docs/guides/timeouts-and-crashes.md"
_BATCHES = "docs/guides/batches.md"
_KEPT = "docs/guides/errors-not-sampled.md"
_VIEW = "docs/guides/local-view.md"
_SIGNALS = "docs/guides/application-signals.md"
_CONTEXT = "docs/guides/trace-context.md"
_COLD_START = "docs/guides/cold-start.md"

_DOCTOR = "docs/guides/doctor.md"
_SAMPLING = "docs/guides/sampling.md"
_COMMAND = "docs/guides/local-command.md"
_BESIDE = "docs/guides/beside-others.md"
_OTEL = "docs/guides/opentelemetry.md"
_MAPPING = "docs/reference/opentelemetry-mapping.md"

ATTRIBUTES = {name for names in conventions.NAMES.values() for name in names}
"""The attributes of OpenTelemetry's that have a place of their own."""

SHORT_FACTS = {*conventions.SHORT_FACTS, conventions.USAGE, conventions.METADATA}

LIMITS = [
    Limit(described.MAX_ATTRIBUTES, _MAPPING, "at most {} attributes"),
    Limit(described.MAX_EVENTS, _MAPPING, "a span {} events"),
    Limit(mapping.MAX_LINK_BYTES, _MAPPING, "more than {} bytes in JSON"),
    Limit(xray.MAX_LINKS, _MAPPING, "at most {} links"),
    Limit(described.MAX_ATTRIBUTES, _OTEL, "Of a span {} attributes"),
    Limit(described.MAX_EVENTS, _OTEL, "{} events and"),
    Limit(xray.MAX_LINKS, _OTEL, "and {} links are kept"),
    Limit(store.MAX_TRACES, _VIEW, "the {} that changed last"),
    Limit(store.MAX_BYTES, _VIEW, "in about {} bytes of it"),
    Limit(joined_trace.MAX_TRACE_BYTES, _VIEW, "One trace may take {} of them"),
    Limit(otlp.MAX_REQUEST_BYTES, _LIMITS, "at most {} bytes of spans"),
    Limit(otlp.MAX_REQUEST_BYTES, _SIGNALS, "at most {} bytes of spans"),
    Limit(http_server.MAX_BODY_BYTES, _VIEW, "A request has at most {} bytes"),
    Limit(documents.MAX_DOCUMENT_BYTES, _VIEW, "a document of more than {} bytes"),
    Limit(log.LINES, _VIEW, "at most {} a minute"),
    Limit(put.MAX_DOCUMENTS, _VIEW, "at most {} documents a call"),
    Limit(traces.MAX_TRACES, _VIEW, "at most {} traces, as segment documents"),
    Limit(files.MAX_ENTRIES, _DOCTOR, "More than {} files"),
    Limit(files.MAX_PYTHON_FILES, _DOCTOR, "{} Python files"),
    Limit(examination.MAX_IMPORTED, _DOCTOR, "or {} handlers are not looked at"),
    Limit(files.MAX_FILE_BYTES // 1_000_000, _DOCTOR, "Files over {} MB are not read"),
    Limit(xray.MAX_DATAGRAM_BYTES, _LIMITS, "at most {} bytes. A larger one"),
    Limit(xray.MAX_NAME, _LIMITS, "Names have at most {} characters"),
    Limit(xray.MAX_ANNOTATION_TEXT, _LIMITS, "Of a text, {} characters are kept"),
    Limit(xray.MAX_ANNOTATION_BYTES, _LIMITS, "together have at most {} bytes"),
    Limit(xray.MAX_HTTP_TEXT, _LIMITS, "user agent have at most {} characters"),
    Limit(limits.MAX_MESSAGE, _LIMITS, "exception messages {}."),
    Limit(outbox.MAX_WAITING_BYTES, _LIMITS, "more than {} bytes in one parent"),
    Limit(int(outbox.MAX_WAITING_S), _LIMITS, "waited for {} seconds"),
    Limit(any_value.MAX_ITEMS, _LIMITS, "A value that is walked shows {} members"),
    Limit(any_value.MAX_DEPTH, _LIMITS, "members of each list and dict, {} levels"),
    Limit(any_value.MAX_TEXT, _LIMITS, "levels and {} bytes of text"),
    Limit(int(host_name.RESOLVE_WAIT_S), _LIMITS, "The first document waits for it at most {} second,"),
    Limit(host_name.MAX_PENDING_BYTES, _LIMITS, "What is sent meanwhile, up to {} bytes"),
    Limit(kept.MAX_ENTRIES, _LIMITS, "keeps {} subsegments, and of annotations"),
    Limit(kept.MAX_ENTRIES, _KEPT, "kept in memory, {} subsegments and"),
    Limit(kept.MAX_TEXT, _LIMITS, "messages {} characters."),
    Limit(int(log_line.INTERVAL_S), _LIMITS, "one line in {} second at most"),
    Limit(kept_line.MAX_LINE_BYTES, _LIMITS, "at most, of {} bytes"),
    Limit(kept_line.MAX_LINE_BYTES, _KEPT, "your log takes: at most {} bytes"),
    Limit(kept_exceptions.MAX_MESSAGES, _LIMITS, "The messages of {} exceptions are kept"),
    Limit(kept_exceptions.MAX_MESSAGES, _KEPT, "the messages of {} exceptions are kept"),
    Limit(initialization.MAX_HELD_BYTES, _COLD_START, "At most {} bytes are kept beside"),
    Limit(int(initialization.MAX_AGE_S), _COLD_START, "begins within {} seconds of the last thing"),
    Limit(int(settings.DEFAULT_IMPORTS_MS), _COLD_START, "Imports that take less than {} ms leave no trace"),
    Limit(int(watchdog.SENT_AFTER_S), _TIMEOUTS, "whether something finished has waited for {} seconds"),
    Limit(int(outbox.MAX_WAITING_S), _TIMEOUTS, "what had finished in the last {} seconds"),
    Limit(xray.MAX_LINKS, _LIMITS, "its first {} records that came from one"),
    Limit(xray.MAX_LINKS, _BATCHES, "links for its first {} such messages"),
    Limit(xray.MAX_TRACE_BYTES, _BATCHES, "keeps up to {} bytes of the records"),
    Limit(envelope.MAX_BEGINNING, _BATCHES, "the first {} characters of the body"),
    Limit(sqs.MAX_BODY_CHARACTERS, "docs/guides/sqs.md", "made of the body, up to {} characters"),
    Limit(int(exchange.TIMEOUT_S), _LIMITS, "An answer of the daemon's has {} second,"),
    Limit(exchange.MAX_ANSWER_BYTES, _LIMITS, "at most {} bytes. Rules are"),
    Limit(int(poller.RULES_S), _LIMITS, "asked for every {} seconds"),
    Limit(central_rules.TTL_S, _LIMITS, "hold for {} seconds"),
    Limit(guard.MAX_UNSAID, _BESIDE, "At most {} messages wait for a log"),
    Limit(guard.LOG_WAIT_S, _BESIDE, "waits for the log at most {} seconds"),
    Limit(int(poller.RULES_S) // 60, _SAMPLING, "Rules are asked for every {} minutes"),
    Limit(int(central_rules.REPORT_S), _SAMPLING, "are told every {} seconds"),
    Limit(int(poller.RETRY_S), _SAMPLING, "is asked again after {} seconds"),
    Limit(batch.MAX_RECORDS, "docs/guides/event-sources.md", "Of a batch the first {} records"),
    Limit(xray.MAX_HTTP_TEXT, _LIMITS, "of its service have at most {} characters each"),
    Limit(emitter.BURST_BYTES, _LIMITS, "when more than {} bytes leave at once"),
    Limit(kept_line.MAX_NESTING, _LIMITS, "Subsegments stand up to {} levels deep"),
    Limit(int(doctor.DEFAULT_TIMEOUT_S), _DOCTOR, "may take to be imported. Default: {} |"),
    Limit(int(function.DEFAULT_TIMEOUT_S), _COMMAND, "Default: {}, like Lambda's"),
    Limit(invocation.MAX_EVENT_BYTES >> 20, _COMMAND, "An event of more than {} MB"),
    Limit(document_blocks.MAX_TEXT_CHARACTERS, _VIEW, "a URL of more than {} characters"),
    Limit(validity.MAX_TRACE_BYTES, "docs/reference/testing.md", "all have more than {} bytes"),
    Limit(header.MAX_HEADER_CHARACTERS, "docs/libraries/http.md", "fields beyond {} characters in all"),
    Limit(w3c.MAX_TRACESTATE_MEMBERS, _CONTEXT, "`tracestate` of at most {} members"),
    Limit(w3c.MAX_TRACESTATE_CHARACTERS, _CONTEXT, "members and {} characters"),
    Limit(w3c.MAX_TRACESTATE_CHARACTERS, _LIMITS, "`tracestate` ({} characters)"),
    Limit(w3c.MAX_BAGGAGE_MEMBERS, _CONTEXT, "`baggage` of at most {} members"),
    Limit(w3c.MAX_BAGGAGE_BYTES, _CONTEXT, "members and {} bytes"),
    Limit(w3c.MAX_BAGGAGE_BYTES, _LIMITS, "`baggage` ({} bytes)"),
    Limit(call.MAX_HANDED_ON_BYTES, _CONTEXT, "in requests to AWS, {} bytes of both"),
    Limit(sql_text.MAX_TEXT, "docs/libraries/sql.md", "comments go, and {} characters are kept"),
]
