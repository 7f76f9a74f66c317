"""Whether a role that a CloudFormation template makes may send traces, as far as the template tells."""

from __future__ import annotations

import fnmatch
import re

from lambda_tracer.local.template.value import Value

ACTION = "xray:PutTraceSegments"

# AWS' own policies that allow it.
_MANAGED = re.compile(
    r"policy/(?:service-role/)?(?:AWSXRayDaemonWriteAccess|AWSXrayWriteOnlyAccess|AWSXrayFullAccess|AdministratorAccess"
    r"|PowerUserAccess|CloudWatchLambdaApplicationSignalsExecutionRolePolicy|CloudWatchApplicationSignalsFullAccess)$"
)


def may_send(role: Value, resources: Value) -> bool | None:
    """Whether the role of a function may send traces; None where the template does not tell."""
    name = _logical_id(role)
    resource = resources.get(name) if name else None
    if resource is None:
        return None
    policies = [
        each for each in (resource.get("Properties", "Policies"), *_attached(name, resources)) if each
    ]
    managed = resource.get("Properties", "ManagedPolicyArns")
    if any(allows(policy) for policy in policies) or (managed is not None and _is_managed(managed)):
        return True
    is_known = managed is None or all(_is_aws_policy(member) for member in managed.members())
    if managed is not None and managed.intrinsic:
        return None
    return False if is_known and not any(_is_unknown(policy) for policy in policies) else None


def allows(policy: Value) -> bool:
    """Whether a policy, or a list of them, has an action that includes sending."""
    return any(
        fnmatch.fnmatchcase(ACTION.lower(), action.lower())
        for each in (policy.members() or [policy])
        for statement in _statements(each)
        if (actions := statement.get("Action")) is not None
        for action in actions.texts()
    )


def _logical_id(role: Value) -> str:
    """The resource that a role refers to: `!GetAtt Role.Arn`, `!Ref Role`."""
    if role.intrinsic not in ("GetAtt", "Ref"):
        return ""
    members = role.argument.members()
    text = members[0].text if members else role.argument.text
    return (text or "").partition(".")[0]


def _attached(name: str, resources: Value) -> list[Value]:
    """The documents of the policies that are resources of their own and name this role."""
    found = []
    for _, resource in resources.items():
        kind = resource.get("Type")
        if kind is None or kind.text not in (
            "AWS::IAM::Policy",
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::RolePolicy",
        ):
            continue
        properties = resource.get("Properties")
        if properties is None:
            continue
        roles = [each for each in (properties.get("Roles"), properties.get("RoleName")) if each is not None]
        document = properties.get("PolicyDocument")
        if document is not None and any(name in roles_of.texts() for roles_of in roles):
            found.append(document)
    return found


def _is_managed(managed: Value) -> bool:
    return any(_MANAGED.search(text) for text in managed.texts())


def _is_aws_policy(member: Value) -> bool:
    """Whether it is one of AWS' own policies, whose rights are known by its name."""
    text = member.text if not member.intrinsic else member.argument.text
    return ":aws:policy/" in (text or "")


def _is_unknown(policy: Value) -> bool:
    """Whether the actions of a policy can't be read."""
    if policy.intrinsic:
        return True
    return any(
        statement.intrinsic or (action := statement.get("Action")) is None or action.has_intrinsic()
        for each in (policy.members() or [policy])
        for statement in _statements(each)
    )


def _statements(policy: Value) -> list[Value]:
    for path in (("PolicyDocument", "Statement"), ("Statement",)):
        found = policy.get(*path)
        if found is not None:
            return found.members() or [found]
    return []
