"""``python -m publish quicksight``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ingest.command_line import DONE, DONE_WITH_REJECTED, FiniteRange, fail, json_option, or_nothing, say
from publish.marts import AthenaMarts, Marts
from publish.quicksight.columns import MODELS
from publish.quicksight.datasets import Setup
from publish.quicksight.deployment import Change, Deployment, DeploymentError, rules_or_error
from publish.quicksight.resources import Resource, faults, resources
from publish.visuals import VisualError

_EXAMPLE = "123456789012"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def quicksight() -> None:
    """Show the marts on Athena in Amazon QuickSight.

    Needs the Enterprise edition. Who sees which workers' rows is in seeds/row_access.csv. Exit status: 0 done, 1 there
    is something to deploy (diff), 2 the dashboard that people see is as it was.
    """


def _place(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say where everything is."""
    for option in (
        click.option("--models", type=click.Path(path_type=Path), default=MODELS, help="Folder of the dbt models."),
        click.option("--prefix", default="ground-truth", show_default=True, help="Begins all ids."),
        click.option("--region", envvar="AWS_REGION", show_envvar=True, default="us-east-1", show_default=True),
    ):
        command = option(command)
    return command


def _contents(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say what is deployed, and for whom."""
    for option in (
        click.option(
            "--direct-query", is_flag=True, help="Ask Athena at each look, instead of an hourly copy in SPICE."
        ),
        click.option(
            "--people-owner",
            "people_owners",
            multiple=True,
            metavar="ARN",
            help="User or group that may know who the workers are; several times.",
        ),
        click.option(
            "--people-work-group",
            default="ground-truth-people",
            show_default=True,
            help="Athena work group of that role. Its results have people's names.",
        ),
        click.option(
            "--people-role-arn", metavar="ARN", help="Role that may read dim_workers; without, it is not shown."
        ),
        click.option(
            "--viewer", "viewers", multiple=True, metavar="ARN", help="User or group that may look; several times."
        ),
        click.option(
            "--work-group",
            envvar="GT_WORK_GROUP",
            show_envvar=True,
            default="ground-truth-bi",
            show_default=True,
            help="Athena work group.",
        ),
        click.option(
            "--schema",
            envvar="GT_SCHEMA",
            show_envvar=True,
            default="ground_truth",
            show_default=True,
            help="Glue database of the marts.",
        ),
    ):
        command = option(command)
    return _place(command)


def _owner_and_role(
    *, required: bool, owners: list[str] | None = None, role_arn: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        command = click.option(
            "--owner",
            "owners",
            multiple=True,
            required=required,
            default=owners,
            metavar="ARN",
            help="User or group of QuickSight that may change what is deployed; several times.",
        )(command)
        return click.option(
            "--role-arn",
            required=required,
            default=role_arn,
            metavar="ARN",
            help="Role with which QuickSight reads the marts: BiRoleArn of deploy/template.yaml.",
        )(command)

    return decorate


def _checked(setup: Setup, models: Path) -> list[Resource]:
    """The resources; anything wrong with them ends the command before any call."""
    try:
        found = or_nothing(lambda: resources(setup, models))
    except VisualError as error:
        fail(str(error))
    if wrong := faults(found):
        fail("the requests are wrong; nothing was sent:", *wrong)
    return found


@quicksight.command()
@click.option("--account-id", default=_EXAMPLE, show_default=True, help="AWS account.")
@_owner_and_role(
    required=False,
    owners=[f"arn:aws:quicksight:us-east-1:{_EXAMPLE}:group/default/example-managers"],
    role_arn=f"arn:aws:iam::{_EXAMPLE}:role/ground-truth-bi",
)
@_contents
@click.option("--format", "form", type=click.Choice(["json", "cloudformation"]), default="json", show_default=True)
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Folder for a file of each request.")
def render(form: str, to: Path | None, models: Path, **options: Any) -> None:
    """Write every request as JSON, or all as a CloudFormation template; needs no account.

    The requests are checked first. The template has parameters of its own: of the options, only --models counts.
    """
    if form == "cloudformation":
        from publish.quicksight.template import template

        text = or_nothing(lambda: template(models))
        if to is None:
            click.echo(text, nl=False)
        else:
            to.mkdir(parents=True, exist_ok=True)
            (to / "quicksight.yaml").write_text(text, encoding="utf-8")
        sys.exit(DONE)
    found = _checked(Setup(**options), models)
    requests = {
        f"{number:02}-Create{resource.kind}-{resource.id}": resource.request for number, resource in enumerate(found, 1)
    }
    if to is None:
        click.echo(json.dumps(requests, indent=2, ensure_ascii=False))
    else:
        to.mkdir(parents=True, exist_ok=True)
        for name, request in requests.items():
            (to / f"{name}.json").write_text(json.dumps(request, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        click.echo(f"{len(requests)} requests in {to}")
    sys.exit(DONE)


@quicksight.command()
@click.option("--account-id", help="AWS account; default: that of the credentials.")
@_owner_and_role(required=True)
@_contents
@click.option(
    "--s3-staging-dir", metavar="URI", envvar="GT_S3_STAGING_DIR", show_envvar=True, help="For results of Athena."
)
@click.option(
    "--timeout",
    type=FiniteRange(0, 86_400),
    default=1800.0,
    show_default=True,
    help="Seconds to wait for one resource.",
)
@json_option
def deploy(
    models: Path, account_id: str | None, s3_staging_dir: str | None, timeout: float, as_json: bool, **options: Any
) -> None:
    """Make or update data sources, data sets, refresh schedules, theme and dashboard.

    Checks everything offline, then the subscription and the rules of row-level security. What is as it should be is
    left alone. A new version of the dashboard is published when QuickSight has found it right; if not, the one before
    stays, and the exit status is 2.
    """
    account = account_id or or_nothing(lambda: account_of_credentials(options["region"]))
    setup = Setup(account_id=account, **options)
    found = _checked(setup, models)

    def run() -> dict[Change, list[str]]:
        deployment = Deployment(quicksight_client(setup.region), account, _say, timeout)
        deployment.check_subscription()
        rules_or_error(marts_of(setup, s3_staging_dir))
        return deployment.deploy(found)

    done = or_nothing(run, left="what is made stays, and the published dashboard is as it was; deploy again")
    url = f"https://{setup.region}.quicksight.aws.amazon.com/sn/dashboards/{found[-1].id}"
    counts = {"created": done[Change.CREATE], "updated": done[Change.UPDATE], "unchanged": done[Change.KEEP]}
    if as_json:
        click.echo(json.dumps(counts | {"url": url}))
    else:
        click.echo(", ".join(f"{len(titles)} {name}" for name, titles in counts.items()))
        say(url)
    sys.exit(DONE)


@quicksight.command()
@click.option("--account-id", help="AWS account; default: that of the credentials.")
@_owner_and_role(required=True)
@_contents
@json_option
def diff(models: Path, account_id: str | None, as_json: bool, **options: Any) -> None:
    """Show what deploy would change. Changes nothing; exit status 1 if there is anything."""
    account = account_id or or_nothing(lambda: account_of_credentials(options["region"]))
    setup = Setup(account_id=account, **options)
    found = _checked(setup, models)
    deployment = Deployment(quicksight_client(setup.region), account, _say)
    changed = [
        planned for planned in or_nothing(lambda: list(deployment.plan(found))) if planned.change is not Change.KEEP
    ]
    if as_json:
        rows = [
            {"resource": planned.resource.title, "change": planned.change, "differences": planned.differences}
            for planned in changed
        ]
        click.echo(json.dumps({"changes": rows}))
    else:
        for planned in changed:
            words = f": {'; '.join(planned.differences)}" if planned.differences else ""
            say(f"{planned.change} {planned.resource.title}{words}")
        click.echo(f"{len(changed)} of {len(found)} would change")
    sys.exit(DONE_WITH_REJECTED if changed else DONE)


@quicksight.command()
@click.option("--account-id", help="AWS account; default: that of the credentials.")
@_place
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def destroy(models: Path, account_id: str | None, region: str, prefix: str, yes: bool, as_json: bool) -> None:
    """Delete all that deploy made with this prefix. The marts stay; what is gone already is fine."""
    account = account_id or or_nothing(lambda: account_of_credentials(region))
    # Of the setup, only the ids count; with people, so that their data set goes too.
    setup = Setup(account, region, role_arn="", owners=(), prefix=prefix, people_role_arn="any")
    found = or_nothing(lambda: resources(setup, models))
    if not yes:
        click.confirm(f"Delete the dashboard and data sets {prefix}-… of account {account} in {region}?", abort=True)
    deployment = Deployment(quicksight_client(region), account, _say)
    done = or_nothing(lambda: deployment.destroy(found), left="what is deleted is gone; destroy again")
    click.echo(json.dumps(done) if as_json else ", ".join(f"{len(titles)} {name}" for name, titles in done.items()))
    sys.exit(DONE)


def _say(text: str) -> None:
    say(text, err=True)


def quicksight_client(region: str) -> Any:
    """A client of QuickSight; credentials are found as boto3 finds them."""
    import boto3

    return boto3.Session(region_name=region).client("quicksight")


def account_of_credentials(region: str) -> str:
    """The account of the credentials.

    Raises:
        DeploymentError: there are none.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(boto3.Session(region_name=region).client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise DeploymentError(f"whose account it is, is not known: {error}; or give --account-id") from None


def marts_of(setup: Setup, s3_staging_dir: str | None) -> Marts:
    """The marts on Athena, to look at the rules."""
    return AthenaMarts(setup.schema, setup.work_group, s3_staging_dir, setup.region)
