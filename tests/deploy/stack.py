"""The stack that the template makes of given parameters: functions resolved, policies evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar

import yaml  # type: ignore[import-untyped] # it ships no type information

ROOT = Path(__file__).parents[2]
ACCOUNT, REGION = "111122223333", "us-east-1"
REQUIRED = {
    "JobOutputBucket": "job-output",
    "JobOutputPrefix": "labeling/",
    "ImageTag": "1",
    "SubnetIds": "subnet-1,subnet-2",
    "SecurityGroupIds": "sg-1",
}
EVERY_OPTION = {
    "JobOutputKmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/job-output",
    "KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/lake",
    "UserPoolId": "us-east-1_Example",
    "ReadLabelingJobs": "true",
    "ReadWorkerActivity": "true",
    "AccessLogBucket": "access-logs",
    "BiPrincipalArns": f"arn:aws:iam::{ACCOUNT}:role/analysts",
    "AlarmEmail": "alarms@example.com",
    "AlertTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:labeling-managers",
    "ScheduleState": "ENABLED",
}

_NAMES = {
    "AWS::S3::Bucket": lambda properties: properties["BucketName"],
    "AWS::Glue::Database": lambda properties: properties["DatabaseInput"]["Name"],
    "AWS::Athena::WorkGroup": lambda properties: properties["Name"],
}
_PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}
_NOTHING = object()


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # as above
    """YAML with CloudFormation's short forms: ``!Ref a`` is ``{Ref: a}``, ``!Sub a`` is ``{Fn::Sub: a}``."""


def _function(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    value = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda node: loader.construct_sequence(node, deep=True),
        yaml.MappingNode: lambda node: loader.construct_mapping(node, deep=True),
    }[type(node)](node)
    return {name if name == "Ref" else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)


def read_template(path: str) -> dict[str, Any]:
    """A template, by its path in the repository."""
    template: dict[str, Any] = yaml.load((ROOT / path).read_text(), _Loader)
    return template


TEMPLATE = read_template("deploy/template.yaml")


@dataclass(frozen=True)
class Policy:
    """Statements of a role, resolved."""

    statements: list[dict[str, Any]]

    def allows(self, action: str, resource: str, **context: str) -> bool:
        """Whether some statement allows it; ``context`` has the condition keys' values, ``s3_prefix`` for s3:prefix."""
        return any(
            any(fnmatchcase(action, pattern) for pattern in as_list(statement["Action"]))
            and any(fnmatchcase(resource, pattern) for pattern in as_list(statement["Resource"]))
            and self._holds(statement.get("Condition", {}), context)
            for statement in self.statements
        )

    def actions(self, service: str) -> set[str]:
        """Actions of a service that are allowed on anything."""
        actions = {action for statement in self.statements for action in as_list(statement["Action"])}
        return {action for action in actions if action.startswith(f"{service}:")}

    @staticmethod
    def _holds(condition: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
        for operator, wanted in condition.items():
            assert operator in {"StringLike", "StringEquals", "ArnEquals"}, operator
            for key, patterns in wanted.items():
                value = context.get(key.replace(":", "_"))
                if value is None or not any(fnmatchcase(value, pattern) for pattern in as_list(patterns)):
                    return False
        return True


class Stack:
    """The template's resources, as given parameters make them."""

    template: ClassVar[dict[str, Any]] = TEMPLATE
    required: ClassVar[dict[str, str]] = REQUIRED

    def __init__(self, **parameters: str) -> None:
        declared = self.template["Parameters"]
        given = self.required | parameters
        assert given.keys() <= declared.keys()
        self._values: dict[str, Any] = {}
        for name, declaration in declared.items():
            value = str(given[name]) if name in given else str(declaration["Default"])
            is_list = declaration["Type"].startswith(("List", "CommaDelimitedList"))
            self._values[name] = value.split(",") if is_list else value
        self.resources: dict[str, dict[str, Any]] = {
            name: self._resolve(resource)
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self._condition(resource["Condition"])
        }

    def properties(self, name: str) -> dict[str, Any]:
        """Properties of a resource, by its logical id."""
        return dict(self.resources[name]["Properties"])

    def of_type(self, type_: str) -> dict[str, dict[str, Any]]:
        """Properties of all resources of a type, by logical id."""
        return {name: found["Properties"] for name, found in self.resources.items() if found["Type"] == type_}

    def policy(self, name: str) -> Policy:
        """An IAM policy."""
        statements = self.properties(name)["PolicyDocument"]["Statement"]
        assert all(statement["Effect"] == "Allow" for statement in statements)
        return Policy(statements)

    def environment(self) -> dict[str, str]:
        """What a run finds in its environment."""
        (container,) = self.properties("TaskDefinition")["ContainerDefinitions"]
        return {variable["Name"]: variable["Value"] for variable in container["Environment"]}

    def _resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for item in node if (value := self._resolve(item)) is not _NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Ref":
                return self._ref(argument)
            if name.startswith("Fn::"):
                return getattr(self, f"_{name.removeprefix('Fn::').lower()}")(argument)
        resolved = {key: self._resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not _NOTHING}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self._values:
            return self._values[name]
        resource = self.template["Resources"][name]
        name_of = _NAMES.get(resource["Type"])
        return name_of(self._resolve(resource["Properties"])) if name_of else f"ref-{name}"

    def _getatt(self, argument: str) -> str:
        name, _, attribute = argument.partition(".")
        if self.template["Resources"][name]["Type"] == "AWS::S3::Bucket":
            return f"arn:aws:s3:::{self._ref(name)}"
        return f"{attribute}-{name}".lower()

    def _sub(self, argument: Any) -> str:
        text, values = argument if isinstance(argument, list) else (argument, {})
        own = {name: self._resolve(value) for name, value in values.items()}

        def value(match: re.Match[str]) -> str:
            name = match[1]
            return str(own[name] if name in own else self._getatt(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _if(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self._resolve(then if self._condition(condition) else otherwise)

    def _condition(self, name: str) -> bool:
        return bool(self._resolve(self.template["Conditions"][name]))

    def _not(self, argument: list[Any]) -> bool:
        return not self._resolve(argument[0])

    def _equals(self, argument: list[Any]) -> bool:
        left, right = self._resolve(argument)
        return bool(left == right)

    def _join(self, argument: list[Any]) -> str:
        separator, parts = argument
        return str(separator).join(self._resolve(parts))


def as_list(value: Any) -> list[Any]:
    """IAM lets a list of one be written as that one."""
    return value if isinstance(value, list) else [value]


def camel(names: Iterable[str]) -> set[str]:
    """boto3's method names as API actions: get_table is GetTable."""
    return {"".join(word.capitalize() for word in name.split("_")) for name in names}
