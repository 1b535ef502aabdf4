"""The resources as a CloudFormation template, with the roles that QuickSight reads the marts with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped] # it ships no type information

from publish.quicksight.columns import MODELS
from publish.quicksight.datasets import Setup
from publish.quicksight.resources import Kind, Resource, resources

_HEAD = """\
# Made by `python -m publish quicksight render --format cloudformation`: change publish/quicksight, not this file.
"""
# Names in the template where the requests have values: CloudFormation fills them in.
_SETUP = Setup(
    account_id="${AWS::AccountId}",
    region="${AWS::Region}",
    partition="${AWS::Partition}",
    role_arn="${MartsRole.Arn}",
    owners=("${OwnerArn}",),
    viewers=("${ViewerArn}",),
    prefix="${Prefix}",
    schema="${MartsDatabase}",
    work_group="${WorkGroup}",
    people_role_arn="${PeopleRole.Arn}",
    people_work_group="${PeopleWorkGroup}",
    people_owners=("${PeopleOwnerArn}",),
)
# Principals that may be left out, and the condition that they are there.
_OPTIONAL = {"${ViewerArn}": "HasViewer"}
_ARN = "arn:[^*]+"
_PARAMETERS: dict[str, dict[str, Any]] = {
    "OwnerArn": {
        "Type": "String",
        "AllowedPattern": _ARN,
        "Description": "ARN of the user or group of QuickSight that may change the dashboard and its data sets.",
    },
    "ViewerArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": f"|{_ARN}",
        "Description": "ARN of the user or group of QuickSight that may look at the dashboard. Empty is none.",
    },
    "PeopleOwnerArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": f"|{_ARN}",
        "Description": "ARN of the user or group that may know who the workers are. Empty is no data set of people.",
    },
    "Prefix": {
        "Type": "String",
        "Default": "ground-truth",
        "AllowedPattern": "[a-z][a-z0-9-]{0,18}[a-z0-9]",
        "Description": "Begins the ids of all that is made. Another one makes a second, separate dashboard.",
    },
    "MartsDatabase": {
        "Type": "String",
        "Default": "ground_truth",
        "AllowedPattern": "[a-z][a-z0-9_]*",
        "Description": "Glue database of the marts. Beside it, the same name with _people has who the workers are.",
    },
    "MartsBucket": {
        "Type": "String",
        "Description": "Bucket of the marts: the output MartsBucketName of template.yaml.",
    },
    "ResultsBucket": {
        "Type": "String",
        "Description": "Bucket of query results: the output ResultsBucketName of template.yaml.",
    },
    "WorkGroup": {
        "Type": "String",
        "Default": "ground-truth-bi",
        "Description": "Athena workgroup, which leaves its results in the folder bi/ of that bucket.",
    },
    "PeopleWorkGroup": {
        "Type": "String",
        "Default": "ground-truth-people",
        "Description": "Athena workgroup of those who may know who the workers are: its results are in people/ there.",
    },
    "KmsKeyArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "|arn:[^*]+:key/[^*]+",
        "Description": "KMS key that encrypts buckets and query results. Empty is S3's own key (SSE-S3).",
    },
}


def template(models: Path = MODELS) -> str:
    """The template, as YAML.

    Args:
        models: folder of the dbt models.
    """
    found = resources(_SETUP, models)
    names = {(resource.kind, resource.id): _logical_name(resource) for resource in found}
    body = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Ground Truth Analytics in QuickSight. deploy/README.md says how to use it.",
        "Metadata": {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [
                    {
                        "Label": {"default": "Who sees it"},
                        "Parameters": ["OwnerArn", "ViewerArn", "PeopleOwnerArn"],
                    },
                    {
                        "Label": {"default": "Where the marts are"},
                        "Parameters": [
                            "Prefix",
                            "MartsDatabase",
                            "MartsBucket",
                            "ResultsBucket",
                            "WorkGroup",
                            "PeopleWorkGroup",
                            "KmsKeyArn",
                        ],
                    },
                ]
            }
        },
        "Parameters": _PARAMETERS,
        "Conditions": {
            "HasViewer": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ViewerArn"}, ""]}]},
            "HasPeople": {"Fn::Not": [{"Fn::Equals": [{"Ref": "PeopleOwnerArn"}, ""]}]},
            "HasKmsKey": {"Fn::Not": [{"Fn::Equals": [{"Ref": "KmsKeyArn"}, ""]}]},
        },
        "Resources": _roles() | {names[resource.kind, resource.id]: _resource(resource, found) for resource in found},
        "Outputs": {
            "DashboardUrl": {
                "Description": "Address of the dashboard.",
                "Value": {
                    "Fn::Sub": "https://${AWS::Region}.quicksight.aws.amazon.com/sn/dashboards/${Prefix}-analytics"
                },
            }
        },
    }
    return _HEAD + str(
        yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    )


class _Dumper(yaml.SafeDumper):  # type: ignore[misc] # as above
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _logical_name(resource: Resource) -> str:
    words = re.split(r"[^A-Za-z0-9]+", resource.id.removeprefix("${Prefix}"))
    return "".join(word.capitalize() for word in words) + str(resource.kind)


def _resource(resource: Resource, found: list[Resource]) -> dict[str, Any]:
    is_people = any("people" in text or "PeopleRole" in text for text in _texts_of_source(resource))
    body: dict[str, Any] = {"Type": f"AWS::QuickSight::{resource.kind}"}
    if is_people:
        body["Condition"] = "HasPeople"
    if needed := _needed(resource, found):
        body["DependsOn"] = needed
    return body | {"Properties": _substituted(resource.request)}


def _texts_of_source(resource: Resource) -> list[str]:
    if resource.kind is Kind.DATA_SOURCE:
        return [resource.request["DataSourceParameters"]["AthenaParameters"]["RoleArn"]]
    if resource.kind is Kind.DATA_SET:
        return [
            body["DataSourceArn"] for table in resource.request["PhysicalTableMap"].values() for body in table.values()
        ]
    return ["people"] if resource.id.endswith("dim-workers") else []


def _needed(resource: Resource, found: list[Resource]) -> list[str]:
    """What must be there first: CloudFormation does not see it, as ids are texts."""
    text = str(resource.request)
    if resource.kind is Kind.REFRESH_SCHEDULE:
        return [_logical_name(other) for other in found if other.kind is Kind.DATA_SET and other.id == resource.id]
    parts = {Kind.DATA_SOURCE: "datasource", Kind.DATA_SET: "dataset", Kind.THEME: "theme"}
    needed = [
        _logical_name(other)
        for other in found
        if other is not resource and other.kind in parts and f":{parts[other.kind]}/{other.id}'" in text
    ]
    if resource.kind is Kind.DATA_SOURCE:
        return ["PeopleRolePolicy" if resource.id.endswith("-people") else "MartsRolePolicy"]
    return needed


def _substituted(value: Any) -> Any:
    """A request with CloudFormation's functions for what is in braces."""
    if isinstance(value, str):
        if match := re.fullmatch(r"\${([\w:]+)}", value):
            return {"Ref": match[1]}
        return {"Fn::Sub": value} if "${" in value else value
    if isinstance(value, list):
        return [_optional(item) for item in value]
    if isinstance(value, dict):
        return {name: _substituted(item) for name, item in value.items()}
    return value


def _optional(item: Any) -> Any:
    condition = _OPTIONAL.get(item.get("Principal", "")) if isinstance(item, dict) else None
    if condition:
        return {"Fn::If": [condition, _substituted(item), {"Ref": "AWS::NoValue"}]}
    return _substituted(item)


def _roles() -> dict[str, Any]:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "quicksight.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
            }
        ],
    }

    def role(description: str) -> dict[str, Any]:
        return {
            "Type": "AWS::IAM::Role",
            "Properties": {"Description": description, "AssumeRolePolicyDocument": trust},
        }

    def policy(name: str, database: str, work_group: str, results: str) -> dict[str, Any]:
        return {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": {
                "RoleName": {"Ref": name},
                "PolicyName": "read",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": _statements(database, work_group, results)},
            },
        }

    people: dict[str, Any] = {"Condition": "HasPeople"}
    return {
        "MartsRole": role("QuickSight reads the marts of Ground Truth Analytics with it."),
        "MartsRolePolicy": policy("MartsRole", "${MartsDatabase}", "WorkGroup", "bi"),
        "PeopleRole": people | role("QuickSight reads who the workers are with it."),
        "PeopleRolePolicy": people | policy("PeopleRole", "${MartsDatabase}_people", "PeopleWorkGroup", "people"),
    }


def _statements(database: str, work_group: str, results: str) -> list[Any]:
    def sub(text: str) -> dict[str, str]:
        return {"Fn::Sub": text}

    here = "${AWS::Region}:${AWS::AccountId}"
    glue = f"arn:${{AWS::Partition}}:glue:{here}"
    return [
        {
            "Sid": "Query",
            "Effect": "Allow",
            "Action": [
                "athena:GetWorkGroup",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetQueryResultsStream",
            ],
            "Resource": sub(f"arn:${{AWS::Partition}}:athena:{here}:workgroup/${{{work_group}}}"),
        },
        {
            "Sid": "Browse",
            "Effect": "Allow",
            "Action": [
                "athena:GetDataCatalog",
                "athena:GetDatabase",
                "athena:ListDatabases",
                "athena:GetTableMetadata",
                "athena:ListTableMetadata",
            ],
            "Resource": sub(f"arn:${{AWS::Partition}}:athena:{here}:datacatalog/AwsDataCatalog"),
        },
        {
            "Sid": "ReadTables",
            "Effect": "Allow",
            "Action": [
                "glue:GetDatabase",
                "glue:GetDatabases",
                "glue:GetTable",
                "glue:GetTables",
                "glue:GetPartitions",
            ],
            "Resource": [
                sub(f"{glue}:catalog"),
                sub(f"{glue}:database/default"),
                sub(f"{glue}:database/{database}"),
                sub(f"{glue}:table/{database}/*"),
            ],
        },
        {
            "Sid": "ReadData",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": sub(f"arn:${{AWS::Partition}}:s3:::${{MartsBucket}}/{database}/*"),
        },
        {
            "Sid": "ListData",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": sub("arn:${AWS::Partition}:s3:::${MartsBucket}"),
            "Condition": {"StringLike": {"s3:prefix": sub(f"{database}/*")}},
        },
        {
            "Sid": "WriteResults",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
            "Resource": sub(f"arn:${{AWS::Partition}}:s3:::${{ResultsBucket}}/{results}/*"),
        },
        {
            "Sid": "FindResults",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
            "Resource": sub("arn:${AWS::Partition}:s3:::${ResultsBucket}"),
        },
        {
            "Sid": "ListResults",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": sub("arn:${AWS::Partition}:s3:::${ResultsBucket}"),
            "Condition": {"StringLike": {"s3:prefix": f"{results}/*"}},
        },
        {
            "Fn::If": [
                "HasKmsKey",
                {
                    "Sid": "UseKey",
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                    "Resource": {"Ref": "KmsKeyArn"},
                },
                {"Ref": "AWS::NoValue"},
            ]
        },
    ]
