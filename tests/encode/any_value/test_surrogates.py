"""Halves of characters: a document is valid UTF-8 whatever texts it is made of."""

from __future__ import annotations

import json

from lambda_tracer import xray_recorder
from tests.daemon import Daemon


def test_a_lone_surrogate_becomes_the_replacement_character_wherever_it_stands(daemon: Daemon) -> None:
    bad = 'a\udcff \U0001f600 \ud83d \\ud800 \\\ud800 "\udfff'
    good = 'a\ufffd \U0001f600 \ufffd \\ud800 \\\ufffd "\ufffd'
    with xray_recorder.in_subsegment("work", namespace=bad) as subsegment:
        subsegment.put_annotation("note", bad)
        subsegment.put_metadata("value", {bad: [bad], "careful": {bad}})
        subsegment.put_metadata(bad, 1, bad)
        subsegment.put_http_meta("url", bad)
        subsegment.set_sql({"sanitized_query": bad})
        subsegment.set_aws({"operation": bad})
        subsegment.add_exception(ValueError(bad), [(bad, 1, bad)])

    (datagram,) = daemon.datagrams()
    text = datagram.decode().partition("\n")[2]
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")
    work = daemon.subsegment("work")
    assert work["namespace"] == good
    assert work["annotations"] == {"note": good}
    assert work["metadata"] == {"default": {"value": {good: [good], "careful": [good]}}, good: {good: 1}}
    assert work["http"]["request"] == {"url": good}
    assert work["sql"] == {"sanitized_query": good}
    assert work["aws"] == {"operation": good}
    (exception,) = work["cause"]["exceptions"]
    assert exception["message"] == good
    assert exception["stack"][0]["label"] == good
