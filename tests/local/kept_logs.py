"""A line that the tracer has kept, in every form in which AWS gives a log: by its documentation and its programs."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json

STREAM = "2026/11/30/[$LATEST]8f1c0e5a7d6b4c2f9e3a1b0c5d7e9f21"
TIME = "2026-11-30T19:23:50.619000+00:00"
BEFORE = [
    "INIT_START Runtime Version: python:3.13.v1",
    "START RequestId: ed2791d9 Version: $LATEST",
    "[INFO]\t{not JSON}",
]
AFTER = ["[ERROR] LookupError: it's here, not \"there", "REPORT RequestId: ed2791d9\tDuration: 311.2 ms"]


def forms(line: str) -> dict[str, str]:
    """The line among others of a function's log, by the name of the form."""
    messages = [*BEFORE, line, *AFTER]
    kept = json.loads(line)
    events = [
        {"logStreamName": STREAM, "timestamp": 1, "message": message + "\n", "eventId": "3"}
        for message in messages
    ]
    results = [
        [{"field": "@timestamp", "value": TIME}, {"field": "@message", "value": message + "\n"}]
        for message in messages
    ]
    payload = json.dumps({"messageType": "DATA_MESSAGE", "logGroup": "/aws/lambda/shop", "logEvents": events})
    packed = base64.b64encode(gzip.compress(payload.encode())).decode()
    wrapped = json.dumps(
        {"timestamp": "2026-11-30T19:23:50Z", "level": "INFO", "message": line, "requestId": "ed2791d9"}
    )
    return {
        "as it is written": "\n".join(messages),
        "tail --format short": "\n".join(f"2026-11-30T19:23:50 {message}" for message in messages),
        "tail --format detailed": "\n".join(f"{TIME} {STREAM} {message}" for message in messages),
        "tail --format json": "\n".join(f"{TIME} {STREAM} {_indented(message)}" for message in messages),
        "with colours": f"\x1b[32m{TIME}\x1b[0m \x1b[36m{STREAM}\x1b[0m {line}",
        "filter-log-events": json.dumps({"events": events, "searchedLogStreams": []}, indent=4),
        "filter-log-events | jq -c": json.dumps({"events": events}),
        "filter-log-events | jq -c .events[]": "\n".join(map(json.dumps, events)),
        "filter-log-events --output text": "\n".join(
            f"EVENTS\t3\t1\t{STREAM}\t{message}" for message in messages
        ),
        "get-query-results": json.dumps({"results": results, "status": "Complete"}, indent=4),
        "exported to S3": "\n".join(f"2026-11-30T19:23:50.619Z {message}" for message in messages),
        "Insights, as CSV": _csv(messages),
        "Insights, as CSV, with its newlines": _csv([message + "\n" for message in messages]),
        "Insights, as JSON": json.dumps([{"@timestamp": TIME, "@message": kept}], indent=2),
        "Insights, as JSON with sorted keys": json.dumps([{"@message": kept}], indent=2, sort_keys=True),
        "a logger's JSON": wrapped,
        "a logger's JSON, tailed": f"{TIME} {STREAM} {wrapped}",
        "a logger's JSON, in CSV": _csv([wrapped]),
        "a logger's JSON, filtered": json.dumps({"events": [{"message": wrapped}]}, indent=4),
        "a logger's JSON, twice": json.dumps({"log": json.dumps({"message": wrapped})}),
        "a subscription's event": json.dumps({"awslogs": {"data": packed}}),
        "a subscription's payload": payload,
        "a queue's record": json.dumps({"Records": [{"body": payload}]}),
    }


def _indented(message: str) -> str:
    try:
        return "\n" + json.dumps(json.loads(message), indent=4)
    except ValueError:
        return message


def _csv(messages: list[str]) -> str:
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["@timestamp", "@message", "@logStream"])
    rows.writerows([[TIME, message, STREAM] for message in messages])
    return written.getvalue()
