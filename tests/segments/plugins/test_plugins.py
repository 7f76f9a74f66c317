"""Plugins find what the X-Ray SDK's find, where it is; and nothing, with one message, where it is not."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_xray_sdk.core.plugins import ec2_plugin, ecs_plugin, elasticbeanstalk_plugin

from lambda_tracer import xray_recorder
from lambda_tracer.segments import configured
from lambda_tracer.segments.plugins import ec2, ecs, elastic_beanstalk, host
from tests.logged import messages
from tests.segments.neighbour import Answer, Asked, Neighbour, as_json, neighbour

INSTANCE = {
    "instanceId": "i-07a181803de94c477",
    "availabilityZone": "us-west-2a",
    "instanceType": "t2.xlarge",
    "imageId": "ami-03cca83dd001d4666",
    "accountId": "123456789012",
}
ENVIRONMENT = {"deployment_id": 26, "version_label": "app-1", "environment_name": "shop-prod"}
CONTAINER_ID = "0123456789abcdef" * 4


def instance(asked: Asked) -> Answer:
    """A metadata service of the second version, and of no other."""
    if asked.path == "/latest/api/token" and asked.method == "PUT":
        return (
            (200, b"token") if asked.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "60" else (400, b"")
        )
    if asked.path != "/latest/dynamic/instance-identity/document":
        return 404, b""
    return as_json(INSTANCE) if asked.headers.get("x-aws-ec2-metadata-token") == "token" else (401, b"")


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Neighbour]:
    with neighbour() as running:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://{running.address}/")
        yield running


@pytest.fixture
def environment(tmp_path: Path) -> str:
    file = tmp_path / "environment.conf"
    file.write_text(json.dumps(ENVIRONMENT))
    return str(file)


def test_what_they_are_called_is_as_in_the_sdk() -> None:
    ours = [ec2, ecs, elastic_beanstalk]
    theirs: list[Any] = [ec2_plugin, ecs_plugin, elasticbeanstalk_plugin]

    assert [(each.SERVICE_NAME, each.ORIGIN) for each in ours] == [
        (each.SERVICE_NAME, each.ORIGIN) for each in theirs
    ]
    assert elastic_beanstalk.CONF_PATH == elasticbeanstalk_plugin.CONF_PATH


def test_they_find_what_those_of_the_sdk_find(
    metadata: Neighbour, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata.answer = instance
    monkeypatch.setattr(ec2_plugin, "IMDS_URL", f"http://{metadata.address}/latest/")
    monkeypatch.setattr(elasticbeanstalk_plugin, "CONF_PATH", environment)
    found = []
    plugins: list[Any] = [ec2_plugin, ecs_plugin, elasticbeanstalk_plugin]
    for plugin in plugins:
        plugin.initialize()
        found.append(plugin.runtime_context)

    assert found == [ec2.read(), ecs.read("/no/such/file"), elastic_beanstalk.read(environment)]
    assert found[0]["instance_id"] == INSTANCE["instanceId"]


def test_an_instance_of_the_first_version_is_known_too(metadata: Neighbour) -> None:
    metadata.answer = lambda asked: as_json(INSTANCE) if asked.method == "GET" else (403, b"")

    assert ec2.read()["ami_id"] == INSTANCE["imageId"]


def test_the_metadata_service_is_not_asked_where_that_is_switched_off(
    metadata: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert ec2.read() == {}
    assert metadata.asked == []


def test_a_container_is_known_by_its_metadata_else_by_its_control_groups(
    metadata: Neighbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = tmp_path / "cgroup"
    groups.write_text(f"9:perf_event:/ecs/task/{CONTAINER_ID}\n8:memory:/ecs/task/{CONTAINER_ID}\n0::/\n")
    by_groups = ecs.read(str(groups))
    metadata.answer = lambda asked: (
        as_json({"DockerId": "1234-5", "ContainerARN": "arn:x", "Labels": {"a": "b"}})
        if asked.path == "/v4/abc"
        else (404, b"")
    )
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", f"http://{metadata.address}/v4/abc")

    assert by_groups == {"container": socket.gethostname(), "container_id": CONTAINER_ID}
    assert ecs.read(str(groups)) == {
        "container": socket.gethostname(),
        "container_id": "1234-5",
        "container_arn": "arn:x",
    }


def test_where_nothing_is_found_one_message_says_so(
    metadata: Neighbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI", "ftp://example.com")
    (tmp_path / "environment.conf").write_text("[1]")

    found = [
        ec2.read(),
        ecs.read(),
        elastic_beanstalk.read(str(tmp_path)),
        elastic_beanstalk.read(str(tmp_path / "environment.conf")),
    ]

    assert found == [{}, {"container": socket.gethostname()}, {}, {}]
    assert messages(caplog) == [
        ("WARNING", "plugin EC2Plugin: the metadata service says nothing (status 404)"),
        ("WARNING", "plugin ECSPlugin: the container's metadata say nothing (ValueError)"),
        ("WARNING", "plugin ElasticBeanstalkPlugin: no environment is described here (IsADirectoryError)"),
    ]


def test_what_is_nested_without_end_is_no_answer(
    metadata: Neighbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = "[" * 60_000
    metadata.answer = lambda asked: (200, deep.encode())
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI", f"http://{metadata.address}/")
    (tmp_path / "environment.conf").write_text(deep)

    found = [ec2.read(), ecs.read(), elastic_beanstalk.read(str(tmp_path / "environment.conf"))]

    assert found == [{}, {"container": socket.gethostname()}, {}]


def test_segments_say_what_plugins_found_and_the_origin_of_the_last(
    metadata: Neighbour, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    metadata.answer = instance
    monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", "work")
    configured.configure(plugins=("EC2PLUGIN", "ecs_plugin", "ElasticBeanstalkPlugin", "LambdaPlugin"))
    described: Any = xray_recorder.begin_segment()
    configured.configure(plugins=())
    bare: Any = xray_recorder.begin_segment()
    xray_recorder.end_segment()

    assert described.origin == "AWS::ECS::Container"
    assert described.aws["ec2"]["instance_type"] == "t2.xlarge"
    assert described.aws["ecs"]["container"] == socket.gethostname()
    assert set(described.aws) == {"ec2", "ecs", "xray"}
    assert bare.origin is None
    assert set(bare.aws) == {"xray"}
    assert [text for _, text in messages(caplog)] == [
        "plugin ElasticBeanstalkPlugin: no environment is described here (FileNotFoundError)",
        "plugins: EC2Plugin, ECSPlugin and ElasticBeanstalkPlugin are known, others left out",
    ]
    assert host.origin is None
