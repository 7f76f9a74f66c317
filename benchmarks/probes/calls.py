"""A warm function that answers questions about what calls cost: one line of JSON each way.

A question is `{"case": ..., "calls": n, "seconds": s}`: invocations with n calls each, as many as fill the
seconds; the answer is the seconds that one invocation took, with and without the tracer. They are seconds of CPU, all
threads of the process together: what other work on the machine takes away is not in them. The invocation's header
is new each time, as on Lambda.
"""

import asyncio
import json
import logging
import os
import sqlite3
import statistics
import sys
import time

import subjects

NOTHING = None
SMALL = {"id": 1, "status": "paid", "amount": 12.5}
KB = {"items": [{"id": number, "name": f"item {number:04d}", "price": 1.5} for number in range(22)]}
KB_50 = {"items": [{"id": number, "name": f"item {number:04d}", "price": 1.5} for number in range(1100)]}

BATCHES = 9
"""Of an odd number, so that one that was interrupted by another process does not count."""

EVENTS = {
    "empty": {},
    "api": {
        "version": "2.0",
        "routeKey": "GET /items/{id}",
        "rawPath": "/items/5",
        "rawQueryString": "",
        "headers": {"accept": "*/*", "host": "shop.example.com", "user-agent": "curl/8.5.0"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "id0123abcd",
            "domainName": "id0123abcd.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id0123abcd",
            "http": {
                "method": "GET",
                "path": "/items/5",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "GET /items/{id}",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "pathParameters": {"id": "5"},
        "isBase64Encoded": False,
    },
}
"""What a handler is called with in the place of a number of calls."""

HEADERS = [subjects.new_header() for _ in range(500)]


class Function:
    """The benchmark's Lambda function, as one subject traces it."""

    def __init__(self, subject):
        self._subject = subject
        self._context = subjects.new_context()
        self._loop = asyncio.new_event_loop()
        self._handler = subject.handler(self._run)
        self._cases = {}
        self._work = None
        self.event = None

    def time(self, case, calls, seconds):
        """Seconds that one invocation takes with `calls` calls of `case`: the median of a few batches."""
        if case not in self._cases:
            self._cases[case] = CASES[case](self._subject, self._loop)
        self._work = self._cases[case]
        for _ in range(2):
            self.invoke(calls)
        began = time.process_time()
        self.invoke(calls)
        count = max(1, int(seconds / BATCHES / max(1e-6, time.process_time() - began)))
        took = []
        for _ in range(BATCHES):
            began = time.process_time()
            for _ in range(count):
                self.invoke(calls)
            took.append((time.process_time() - began) / count)
        return statistics.median(took)

    def invoke(self, calls):
        header = HEADERS.pop()
        HEADERS.insert(0, header)
        os.environ["_X_AMZN_TRACE_ID"] = header
        self._handler(calls if self.event is None else self.event, self._context)

    def _run(self, event, context):
        self._work(event if self.event is None else 0)
        return {"statusCode": 200}


def returning(response):
    """Calls, one after the other, of a method that returns `response`."""

    def case(subject, loop):
        def charge(number):
            return response

        charge = subject.method(charge)

        def work(calls):
            for number in range(calls):
                charge(number)

        return work

    return case


def nested(subject, loop):
    """A method that calls itself so many times."""

    def charge(depth):
        return charge_traced(depth - 1) if depth > 1 else SMALL

    charge_traced = subject.method(charge)
    return lambda calls: charge_traced(calls) if calls else None


def asynchronous(subject, loop):
    async def charge(number):
        return SMALL

    charge = subject.async_method(charge)

    async def work(calls):
        for number in range(calls):
            await charge(number)

    return lambda calls: loop.run_until_complete(work(calls))


def generator(subject, loop):
    if subject.generator is None:
        raise NotImplementedError("records no generators")

    def charge(number):
        yield SMALL

    charge = subject.generator(charge)

    def work(calls):
        for number in range(calls):
            for _ in charge(number):
                pass

    return work


def log_record(subject, loop):
    """A record that no handler writes anywhere."""
    log = logging.getLogger("benchmark")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(logging.NullHandler())

    def work(calls):
        for number in range(calls):
            log.info("charged %s", number)

    return work


def boto3_call(subject, loop):
    """DynamoDB GetItem, answered where botocore would send it."""
    import boto3
    from botocore.awsrequest import AWSResponse

    class Raw:
        def stream(self):
            yield b'{"Item": {"id": {"S": "1"}}}'

    def answer(request, **kwargs):
        headers = {"x-amzn-requestid": "1", "content-type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 200, headers, Raw())

    client = boto3.client("dynamodb")
    client.meta.events.register("before-send.dynamodb.GetItem", answer)

    def work(calls):
        for _ in range(calls):
            client.get_item(TableName="payments", Key={"id": {"S": "1"}})

    return work


def sqlite3_call(subject, loop):
    cursor = sqlite3.connect(":memory:").cursor()

    def work(calls):
        for _ in range(calls):
            cursor.execute("select 1")

    return work


def http_call(subject, loop):
    """GET with requests, on one connection that is kept open, to the server in BENCHMARK_URL."""
    import requests

    session = requests.Session()
    url = os.environ["BENCHMARK_URL"]

    def work(calls):
        for _ in range(calls):
            session.get(url)

    return work


CASES = {
    "no response": returning(NOTHING),
    "small": returning(SMALL),
    "1 kB": returning(KB),
    "50 kB": returning(KB_50),
    "nested": nested,
    "async": asynchronous,
    "generator": generator,
    "log": log_record,
    "boto3": boto3_call,
    "sqlite3": sqlite3_call,
    "http": http_call,
}


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    subject = subjects.make(os.environ["BENCHMARK_SUBJECT"])
    traced, plain = Function(subject), Function(subjects.Bare())
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if question["case"] == "memory":
                traced.time("small", 1, 0.01)
                grown = []
                for _ in range(question["steps"]):
                    for _ in range(question["invocations"]):
                        traced.invoke(1)
                    grown.append(resident_bytes())
                answer = {"bytes": grown}
            elif question["case"] == "event":
                traced.event = EVENTS[question["event"]]
                answer = {"traced": traced.time("no response", 0, question["seconds"])}
                traced.event = None
            elif question["case"] == "log":
                subject.name_in_logs(question["log_ids"])
                answer = {"traced": traced.time("log", question["calls"], question["seconds"])}
                subject.name_in_logs(False)
            elif question["case"] == "once":
                began = time.process_time()
                traced._work = CASES["small"](subject, None)
                traced.invoke(question["calls"])
                answer = {"traced": time.process_time() - began}
            else:
                answer = {"traced": traced.time(question["case"], question["calls"], question["seconds"])}
                if question.get("plain", True):
                    answer["plain"] = plain.time(question["case"], question["calls"], question["seconds"] / 3)
        except NotImplementedError as error:
            answer = {"error": str(error)}
        answers.write(json.dumps(answer) + "\n")


main()
