"""deploy/quicksight.yaml is what `publish quicksight render` makes, and opens no more than the marts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it ships no type information
from click.testing import CliRunner

from publish.cli import cli
from publish.quicksight import checks
from publish.quicksight.datasets import Setup
from publish.quicksight.resources import resources
from tests.deploy.stack import ACCOUNT, REGION, ROOT

TEMPLATE: dict[str, Any] = yaml.load((ROOT / "deploy/quicksight.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
PARAMETERS = {
    "OwnerArn": f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/managers",
    "ViewerArn": f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/leads",
    "PeopleOwnerArn": f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/personnel",
    "MartsBucket": "marts",
    "ResultsBucket": "results",
}
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}


class Filled:
    """The template with parameters, and functions resolved."""

    def __init__(self, **parameters: str) -> None:
        defaults = {name: item["Default"] for name, item in TEMPLATE["Parameters"].items() if "Default" in item}
        self._values = defaults | PSEUDO | parameters
        self._conditions = {name: self._holds(item) for name, item in TEMPLATE["Conditions"].items()}
        self.resources: dict[str, dict[str, Any]] = {
            name: self._resolved(item)
            for name, item in TEMPLATE["Resources"].items()
            if self._conditions.get(item.get("Condition", ""), True)
        }

    def _holds(self, condition: dict[str, Any]) -> bool:
        (equals,) = condition["Fn::Not"]
        left, right = equals["Fn::Equals"]
        return bool(self._resolved(left) != right)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._resolved, value) if item is not None]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"}:
            return None if value["Ref"] == "AWS::NoValue" else self._values.get(value["Ref"], value["Ref"])
        if value.keys() == {"Fn::Sub"}:
            return re.sub(r"\${([^}]+)}", lambda match: self._named(match[1]), value["Fn::Sub"])
        if value.keys() == {"Fn::If"}:
            condition, yes, no = value["Fn::If"]
            return self._resolved(yes if self._conditions[condition] else no)
        return {name: self._resolved(item) for name, item in value.items()}

    def _named(self, name: str) -> str:
        if name.endswith(".Arn"):
            return f"arn:aws:iam::{ACCOUNT}:role/{name.removesuffix('.Arn')}"
        return str(self._values[name])

    def requests(self) -> list[tuple[str, dict[str, Any]]]:
        """What CloudFormation would send to QuickSight."""
        return [
            (f"Create{item['Type'].rpartition(':')[2]}", item["Properties"])
            for item in self.resources.values()
            if item["Type"].startswith("AWS::QuickSight::")
        ]

    def statements(self, name: str) -> list[dict[str, Any]]:
        """Statements of a role's policy."""
        found = self.resources[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"]
        assert isinstance(found, list)
        return found


def test_the_template_is_what_the_command_makes() -> None:
    """If not: python -m publish quicksight render --format cloudformation > deploy/quicksight.yaml."""
    made = CliRunner().invoke(cli, ["quicksight", "render", "--format", "cloudformation"])

    assert made.exit_code == 0, made.output
    assert (ROOT / "deploy/quicksight.yaml").read_text(encoding="utf-8") == made.stdout


def test_it_makes_what_deploy_makes() -> None:
    setup = Setup(
        account_id=ACCOUNT,
        region=REGION,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/MartsRole",
        owners=(PARAMETERS["OwnerArn"],),
        viewers=(PARAMETERS["ViewerArn"],),
        people_role_arn=f"arn:aws:iam::{ACCOUNT}:role/PeopleRole",
        people_owners=(PARAMETERS["PeopleOwnerArn"],),
    )

    def without_fingerprints(requests: list[tuple[str, dict[str, Any]]]) -> list[str]:
        return sorted(
            json.dumps([operation, request | {"VersionDescription": None}], sort_keys=True)
            for operation, request in requests
        )

    made = [(f"Create{resource.kind}", resource.request) for resource in resources(setup)]
    assert without_fingerprints(Filled(**PARAMETERS).requests()) == without_fingerprints(made)


@pytest.mark.parametrize("without", [{}, {"ViewerArn": ""}, {"PeopleOwnerArn": ""}], ids=str)
def test_its_requests_have_no_fault(without: dict[str, str]) -> None:
    assert checks.request_faults(Filled(**PARAMETERS | without).requests()) == []


def test_nobody_reads_who_the_workers_are_unless_somebody_may_know() -> None:
    filled = Filled(**PARAMETERS | {"PeopleOwnerArn": ""})

    assert "people" not in json.dumps(filled.resources)
    assert "PeopleRole" not in filled.resources


def test_what_is_named_in_a_text_is_made_before() -> None:
    """CloudFormation sees no dependency in a text."""
    made = {
        f":{part}/{item['Properties'][key]}": name
        for part, key, kind in (
            ("datasource", "DataSourceId", "DataSource"),
            ("dataset", "DataSetId", "DataSet"),
            ("theme", "ThemeId", "Theme"),
        )
        for name, item in Filled(**PARAMETERS).resources.items()
        if item["Type"] == f"AWS::QuickSight::{kind}"
    }
    for name, item in Filled(**PARAMETERS).resources.items():
        if item["Type"].startswith("AWS::QuickSight::"):
            text = json.dumps(item["Properties"])
            needed = {other for part, other in made.items() if f'{part}"' in text and other != name}
            assert needed <= set(item.get("DependsOn", [])), name
            if item["Type"].endswith("RefreshSchedule"):
                (needs,) = item["DependsOn"]
                assert (
                    TEMPLATE["Resources"][needs]["Properties"]["DataSetId"]
                    == TEMPLATE["Resources"][name]["Properties"]["DataSetId"]
                )


@pytest.mark.parametrize(
    ("role", "readable", "hidden", "results"),
    [
        ("MartsRole", "ground_truth", "ground_truth_people", "bi"),
        ("PeopleRole", "ground_truth_people", "ground_truth", "people"),
    ],
)
def test_a_role_reads_its_marts_and_nothing_else(role: str, readable: str, hidden: str, results: str) -> None:
    statements = {statement["Sid"]: statement for statement in Filled(**PARAMETERS).statements(role)}
    text = json.dumps(statements)

    assert statements["ReadData"]["Resource"] == f"arn:aws:s3:::marts/{readable}/*"
    assert statements["ListData"]["Condition"] == {"StringLike": {"s3:prefix": f"{readable}/*"}}
    assert f":table/{readable}/*" in text
    assert f"/{hidden}/" not in text
    actions = {
        action
        for statement in statements.values()
        for action in (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
    }
    assert not any("*" in action for action in actions)
    assert not {action for action in actions if re.search(r"glue:(Create|Update|Delete)|s3:Delete", action)}
    writable = statements["WriteResults"]
    assert writable["Resource"] == f"arn:aws:s3:::results/{results}/*"
    assert statements["Query"]["Resource"].endswith(f":workgroup/ground-truth-{results}")
    assert [sid for sid, statement in statements.items() if "s3:PutObject" in statement["Action"]] == ["WriteResults"]


def test_a_key_is_used_only_if_there_is_one() -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/marts"

    assert "kms" not in json.dumps(Filled(**PARAMETERS).resources)
    statements = Filled(**PARAMETERS, KmsKeyArn=key).statements("MartsRole")
    assert {statement["Sid"]: statement["Resource"] for statement in statements}["UseKey"] == key


def test_only_quicksight_of_this_account_takes_the_roles() -> None:
    for name in ("MartsRole", "PeopleRole"):
        role = Filled(**PARAMETERS).resources[name]["Properties"]
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "quicksight.amazonaws.com"}
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_every_parameter_is_described_used_and_in_a_group() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    text = json.dumps([TEMPLATE["Resources"], TEMPLATE["Conditions"]])

    assert sorted(TEMPLATE["Parameters"]) == sorted(name for group in groups for name in group["Parameters"])
    for name, parameter in TEMPLATE["Parameters"].items():
        assert parameter["Description"].endswith("."), name
        assert f"${{{name}}}" in text or f'"Ref": "{name}"' in text, name
