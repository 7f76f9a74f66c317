"""How much fits into a datagram, and what gives way."""

from __future__ import annotations

import base64
import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from lambda_tracer import xray_recorder
from lambda_tracer.local.receive.documents import body_of
from lambda_tracer.local.receive.otlp.received import in_text
from lambda_tracer.send.otlp.request import MAX_REQUEST_BYTES, Requests
from lambda_tracer.xray import PREAMBLE
from tests.send.otlp.wire import HEAD, Wire, alike, parsed


@pytest.mark.parametrize("fill", ["x", "\u00e9", "\u4e2d", "\U0001f600", '"\\'])
def test_spans_are_packed_into_as_few_datagrams_as_hold_them(fill: str, wire: Wire) -> None:
    with xray_recorder.in_subsegment("handler"):
        for number in range(30):
            with xray_recorder.in_subsegment(f"child {number}") as child:
                child.put_metadata("fill", fill * (100 * number))
    datagrams = wire.datagrams()
    sizes = [len(base64.b64decode(datagram[len(HEAD) :])) for datagram in datagrams]
    documents = [each.document for data in datagrams for each in in_text(body_of(data) or b"")]

    assert max(sizes) <= MAX_REQUEST_BYTES
    assert len(datagrams) <= 2 * len(wire.sent)
    assert alike(documents) == alike(wire.sent)


def test_the_last_byte_is_used_and_not_one_more(receiver: object) -> None:
    document = {
        **{"trace_id": "1-5759e988-bd862e3fe1be46a994272793", "parent_id": "53995c3f42cd8ad8"},
        **{"id": "53995c3f42cd8ad9", "type": "subsegment", "name": "x", "start_time": 1.5, "end_time": 2.5},
    }
    requests = Requests()
    whole: list[bool] = []
    largest = 0
    for length in range(48_200, 48_700, 3):
        document["metadata"] = {"default": {"fill": "x" * length}}
        [datagram] = requests.datagrams((PREAMBLE + json.dumps(document)).encode())
        parsed(datagram)  # which looks at the size
        [received] = in_text(body_of(datagram) or b"")
        whole.append(received.document["metadata"] == document["metadata"])
        largest = len(base64.b64decode(datagram[len(HEAD) :])) if whole[-1] else largest

    assert (whole[0], whole[-1], whole) == (True, False, sorted(whole, reverse=True))
    assert largest > MAX_REQUEST_BYTES - 10


def test_a_span_that_is_too_large_is_cut_as_documents_are(wire: Wire) -> None:
    with xray_recorder.in_subsegment("large") as large:
        large.put_annotation("Order", "A-1")
        large.put_metadata("small", 7)
        large.put_metadata("large", "x" * 55_000)
    [document] = wire.documents()

    assert len(json.dumps(wire.sent[0])) > 55_000
    assert document["annotations"] == {"Order": "A-1"}
    assert document["metadata"]["default"]["small"] == 7
    cut = document["metadata"]["default"]["large"]
    assert (cut["lambda_tracer"], cut["bytes"], len(cut["starts_with"])) == ("cut", 55_002, 200)
    identity = ("id", "trace_id", "parent_id", "name")
    assert [document[key] for key in identity] == [wire.sent[0][key] for key in identity]


@pytest.mark.parametrize("length", [10, 470])
def test_annotations_stay_as_far_as_they_fit_at_all(length: int, wire: Wire) -> None:
    """Their names are sent twice, so that the most that a document has of them may be more than fits."""
    with xray_recorder.in_subsegment("large") as large:
        for number in range(39_000 // (length + 6)):
            large.put_annotation(f"k{number:04}".ljust(length, "k"), 1)
        large.put_metadata("note", "x" * 5_000)
        large.set_sql({"sanitized_query": "y" * 15_000})
    [document] = wire.documents()

    [sent] = wire.sent
    assert 0 < len(document["annotations"]) <= len(sent["annotations"])
    assert document["annotations"].items() <= sent["annotations"].items()
    left_out = document["metadata"]["lambda_tracer"].get("annotations_left_out", 0)
    assert len(document["annotations"]) + left_out == len(sent["annotations"])


TEXTS = st.text(max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


@hypothesis.settings(max_examples=40, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(
    name=TEXTS,
    namespace=st.sampled_from(["local", "remote", "aws"]),
    annotations=st.dictionaries(TEXTS, TEXTS | st.integers() | st.booleans() | st.floats(), max_size=4),
    metadata=st.dictionaries(TEXTS, JSON, max_size=4),
    sql=st.none() | st.fixed_dictionaries({"sanitized_query": TEXTS, "database_type": TEXTS}),
    aws=st.none() | st.dictionaries(st.sampled_from(["operation", "table_name", "odd"]), JSON, max_size=3),
    url=st.none() | TEXTS,
    status=st.none() | st.integers(0, 999),
)
def test_whatever_is_recorded_is_read_again(
    wire: Wire,
    name: str,
    namespace: str,
    annotations: Any,
    metadata: Any,
    sql: Any,
    aws: Any,
    url: Any,
    status: Any,
) -> None:
    wire.sent.clear()
    with xray_recorder.in_subsegment(name, namespace) as subsegment:
        for key, one in annotations.items():
            subsegment.put_annotation(key, one)
        for key, one in metadata.items():
            subsegment.put_metadata(key, one, "given")
        if sql is not None:
            subsegment.set_sql(sql)
        if aws is not None:
            subsegment.set_aws(aws)
        if url is not None:
            subsegment.put_http_meta("url", url)
        if status is not None:
            subsegment.put_http_meta("status", status)
    [datagram] = wire.datagrams()
    [received] = in_text(body_of(datagram) or b"")
    document, [sent] = received.document, wire.sent

    parsed(datagram)
    for key in ("id", "name", "parent_id"):
        assert document[key] == sent[key]
    for key in ("fault", "error", "throttle"):
        assert document.get(key, False) >= sent.get(key, False)
    shown = {key: one for key, one in sent.get("annotations", {}).items() if key}
    assert document.get("annotations", {}).keys() == shown.keys()
    assert document.get("metadata", {}).get("given") == sent.get("metadata", {}).get("given")
