"""What every use of boto3 shares: the session, and the advice on an error code. For s3.py and for ``ingest/aws/``."""

from __future__ import annotations

import os

import boto3

from ingest.storage.store import without_credentials

NO_CREDENTIALS = "no AWS credentials found (boto3 looks in the environment, profiles and roles)"

_CHECK_CREDENTIALS = "check the credentials: environment, profile or role"
_RENEW_CREDENTIALS = "renew the credentials and run this again"
_NAME_REGION = "the bucket is in another region: set AWS_REGION to it"
_GRANT = "the credentials need {action}"
_LATER = "AWS asks for fewer requests: run this again later"

_ADVICE = {
    "AccessDenied": _GRANT,
    "AccessDeniedException": _GRANT,
    "AuthorizationHeaderMalformed": _NAME_REGION,
    "ExpiredToken": _RENEW_CREDENTIALS,
    "ExpiredTokenException": _RENEW_CREDENTIALS,
    "InvalidAccessKeyId": _CHECK_CREDENTIALS,
    "InvalidClientTokenId": _CHECK_CREDENTIALS,
    "InvalidObjectState": "the object is archived: restore it first",
    "InvalidToken": _RENEW_CREDENTIALS,
    "NoSuchBucket": "check the bucket's name, and the endpoint if you set one",
    "PermanentRedirect": _NAME_REGION,
    "PreconditionFailed": "the object was replaced during the read: the next load reads it",
    "RequestTimeTooSkewed": "set this machine's clock",
    "ServiceUnavailable": "S3 is too busy: run this again later",
    "SignatureDoesNotMatch": _CHECK_CREDENTIALS,
    "SlowDown": "S3 asks for fewer requests: run this again later, or with fewer --processes",
    "ThrottlingException": _LATER,
    "TokenRefreshRequired": _RENEW_CREDENTIALS,
    "TooManyRequestsException": _LATER,
    "UnrecognizedClientException": _CHECK_CREDENTIALS,
}


def session() -> boto3.Session:
    """Session in the region of AWS_REGION, as for dbt; everything else, and the region if unset, from boto3's chain.

    Raises:
        BotoCoreError: the profile does not exist.
    """
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


def with_advice(text: str, code: str, action: str) -> str:
    """An error's text in one line, followed by what to do about its code, if that is known.

    Args:
        text: what is wrong, and where.
        code: AWS's code of the error, such as ``AccessDenied``.
        action: the permission that the request needs, such as ``s3:GetObject``.
    """
    line = without_credentials(" ".join(text.split()))
    advice = _ADVICE.get(code, "").format(action=action)
    return f"{line} ({advice})" if advice else line
