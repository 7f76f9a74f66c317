"""Who somebody is: triggers of Cognito user pools, logins of Transfer Family, new devices of IoT.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
https://docs.aws.amazon.com/transfer/latest/userguide/custom-lambda-idp.html
https://docs.aws.amazon.com/iot/latest/developerguide/pre-provisioning-hook.html
"""

from __future__ import annotations

from .request import CLIENT
from .values import ACCOUNT, REGION, Ids, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from aws_lambda_typing.events import IoTPreProvisioningHookEvent

_GROUPS: dict[str, Any] = {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None}

# What a trigger has besides the attributes of the user, by the beginning of its name, and what it may answer.
_TRIGGERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "PreSignUp": (
        {"validationData": None},
        {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    ),
    "PostConfirmation": ({}, {}),
    "PreAuthentication": ({"validationData": None, "userNotFound": False}, {}),
    "PostAuthentication": ({"newDeviceUsed": False}, {}),
    "TokenGeneration": ({"groupConfiguration": _GROUPS}, {"claimsOverrideDetails": None}),
    "UserMigration": (
        {"password": "", "validationData": None},
        {
            "userAttributes": None,
            "finalUserStatus": None,
            "messageAction": None,
            "desiredDeliveryMediums": None,
            "forceAliasCreation": None,
        },
    ),
    "CustomMessage": (
        {"codeParameter": "{####}", "linkParameter": "{##Click Here##}", "usernameParameter": None},
        {"smsMessage": None, "emailMessage": None, "emailSubject": None},
    ),
    "CustomEmailSender": ({"type": "customEmailSenderRequestV1", "code": "AYADeA=="}, {}),
    "CustomSMSSender": ({"type": "customSMSSenderRequestV1", "code": "AYADeA=="}, {}),
    "DefineAuthChallenge": (
        {"session": [], "userNotFound": False},
        {"challengeName": None, "issueTokens": None, "failAuthentication": None},
    ),
    "CreateAuthChallenge": (
        {"challengeName": "CUSTOM_CHALLENGE", "session": [], "userNotFound": False},
        {"publicChallengeParameters": None, "privateChallengeParameters": None, "challengeMetadata": None},
    ),
    "VerifyAuthChallengeResponse": (
        {"privateChallengeParameters": {}, "challengeAnswer": "", "userNotFound": False},
        {"answerCorrect": False},
    ),
}


def cognito(
    trigger: str = "PreSignUp_SignUp",
    *,
    user: str = "jane",
    user_attributes: Mapping[str, Any] | None = None,
    request: Mapping[str, Any] | None = None,
    client_metadata: Mapping[str, str] | None = None,
    user_pool: str = f"{REGION}_abcdefghi",
    client_id: str = "1example23456789",
    seed: object = None,
) -> dict[str, Any]:
    """A trigger of a Cognito user pool, under the name that it has in events: `PostConfirmation_ConfirmSignUp`.

    `request` adds to what such a trigger has there, or replaces it. A trigger that is not known raises ValueError.
    """
    # aws-lambda-typing has definitions of two triggers, and a type for each of their names.
    kind = trigger.partition("_")[0]
    if kind not in _TRIGGERS:
        raise ValueError(f"cognito: a trigger begins with one of {', '.join(_TRIGGERS)}")
    asked, answer = fresh(list(_TRIGGERS[kind]))
    sub = Ids("cognito", user_pool, user, seed).uuid()
    attributes = {"sub": sub, "email": f"{user}@example.com", "email_verified": "false"}
    if kind == "PreSignUp":
        attributes = {"email": f"{user}@example.com"}
    if kind != "UserMigration":
        given = attributes if user_attributes is None else dict(user_attributes)
        asked = {"userAttributes": given, **asked}
    if client_metadata is not None:
        asked["clientMetadata"] = dict(client_metadata)
    return {
        "version": "1",
        "region": user_pool.partition("_")[0],
        "userPoolId": user_pool,
        "userName": user,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id},
        "triggerSource": trigger,
        "request": fresh({**asked, **(request or {})}),
        "response": answer,
    }


def transfer_family(
    username: str = "jane",
    *,
    password: str | None = "",
    protocol: str = "SFTP",
    server_id: str = "s-0123456789abcdef0",
    source_ip: str = CLIENT,
) -> dict[str, Any]:
    """A login to Transfer Family, for a custom identity provider. `password` is None where a key was given."""
    event = {"username": username, "protocol": protocol, "serverId": server_id, "sourceIp": source_ip}
    return event if password is None else {**event, "password": password}


def iot_provisioning(
    parameters: Mapping[str, str] | None = None,
    *,
    template: str = "devices",
    client_id: str = "device-1",
    seed: object = None,
) -> IoTPreProvisioningHookEvent:
    """A device that IoT is about to provision: the hook that comes before."""
    ids = Ids("iot_provisioning", template, client_id, parameters, seed)
    return {
        "claimCertificateId": ids.hexadecimal(64),
        "certificateId": ids.hexadecimal(64),
        "certificatePem": f"-----BEGIN CERTIFICATE-----\n{ids.base64(32)}\n-----END CERTIFICATE-----\n",
        "templateArn": f"arn:aws:iot:{REGION}:{ACCOUNT}:provisioningtemplate/{template}",
        "clientId": client_id,
        "parameters": {"SerialNumber": "1001"} if parameters is None else dict(parameters),
    }
