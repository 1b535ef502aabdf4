#!/bin/sh
# The container's entry point, see usage() below.
set -eu

usage() {
    cat <<'TEXT'
usage: run.sh [run]           load what is new, register the raw tables, build the marts, tell what is new in them
       run.sh upkeep          compact and vacuum the lake
       run.sh ingest ARG...   any command of the loader
       run.sh dbt ARG...      any command of dbt
       run.sh --help

Exit status of a run: 0 done; 1 done, and the loader refused files; 2 a step failed, and the steps after it were not
run. `ingest` and `dbt` end with their own.

Environment:
  GT_SOURCE           job output: an s3:// uri or a folder
  GT_LAKE             lake: an s3:// uri or a folder
  GT_RAW_DATABASE     Glue database of the raw tables
  GT_TARGET           dbt target; default athena. With local nothing is registered in Glue
  GT_LOADER_ROLE_ARN  role to take for the loader; default none: the container's own
  GT_DBT_ROLE_ARN     role to take for dbt; default none: the container's own
  GT_ALERT_TOPIC_ARN  SNS topic for what is new in the marts, see `publish alerts`; default none: nothing is told
  GT_ALERT_STATE      what was told before, if there is a topic: an s3:// uri or a file
  GT_ALERT_ROLE_ARN   role to take for the alerts; default none: the container's own
  GT_ALERT_WORK_GROUP Athena workgroup of the alerts; default GT_WORK_GROUP
The rest are dbt's and the loader's: see profiles.yml.example and `run.sh ingest load --help`.
TEXT
}

log() {
    printf '%s run.sh: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"
}

fail() {
    log "FAILED: $*" >&2
    exit 2
}

# A run's first line says what is missing, not the step that trips over it.
need() {
    for name in "$@"; do
        eval "value=\${$name:-}"
        [ -n "$value" ] || fail "$name is not set"
    done
}

# with_role ROLE_ARN COMMAND...: boto3 takes the role, and takes it again before its credentials end.
with_role() {
    role_arn=$1
    shift
    if [ -z "$role_arn" ]; then
        "$@"
        return
    fi
    config=$scratch/aws_config
    printf '[profile run]\nrole_arn = %s\ncredential_source = EcsContainer\nrole_session_name = run\n' \
        "$role_arn" >"$config"
    AWS_CONFIG_FILE=$config AWS_PROFILE=run "$@"
}

ingest() {
    with_role "${GT_LOADER_ROLE_ARN:-}" python -m ingest "$@"
}

dbt_() {
    with_role "${GT_DBT_ROLE_ARN:-}" dbt "$@" --target "$target"
}

alerts_() {
    GT_WORK_GROUP=${GT_ALERT_WORK_GROUP:-${GT_WORK_GROUP:-primary}} \
        with_role "${GT_ALERT_ROLE_ARN:-}" python -m publish alerts --target "$target"
}

# step NAME COMMAND...: a command that must end well.
step() {
    name=$1
    shift
    log "$name"
    status=0
    "$@" || status=$?
    [ "$status" -eq 0 ] || fail "$name ended with status $status"
}

load() {
    log load
    status=0
    ingest load "$GT_SOURCE" "$GT_LAKE" >"$scratch/load" || status=$?
    cat "$scratch/load"
    # Status 1 with a summary is a load that refused files. Python ends with 1 as well when it breaks down.
    [ "$status" -eq 0 ] || { [ "$status" -eq 1 ] && [ -s "$scratch/load" ]; } || fail "load ended with status $status"
    [ "$status" -eq 0 ] || log "load is done, but refused files: see above, and rpt_load_health"
    refused=$status
}

# After the line that counts: the marts are current, whatever becomes of the alerts.
alerts() {
    log alerts
    status=0
    alerts_ >"$scratch/alerts" || status=$?
    cat "$scratch/alerts"
    # Status 1 with alerts is that there are some, as with load.
    [ "$status" -eq 0 ] || { [ "$status" -eq 1 ] && [ -s "$scratch/alerts" ]; } || fail "alerts ended with status $status"
}

run() {
    need GT_SOURCE GT_LAKE
    [ -z "${GT_ALERT_TOPIC_ARN:-}" ] || need GT_ALERT_STATE
    [ "$target" = local ] || need GT_RAW_DATABASE GT_SCHEMA GT_S3_STAGING_DIR GT_S3_DATA_DIR GT_WORK_GROUP AWS_REGION
    # Two builds at once would take each other's half-made tables away.
    other=0
    python deploy/other_run.py || other=$?
    case $other in
    0)
        log "another run is not done yet: nothing to do"
        exit 0
        ;;
    1) ;;
    *) fail "whether another run is going on cannot be known" ;;
    esac
    started=$(date +%s)
    load
    [ "$target" = local ] || step register ingest register "$GT_LAKE" --database "$GT_RAW_DATABASE"
    step "dbt build" dbt_ build --exclude-resource-type unit_test
    # The alarm on staleness counts this line.
    log "GT_RUN_SUCCEEDED in $(($(date +%s) - started)) s"
    [ -z "${GT_ALERT_TOPIC_ARN:-}" ] || alerts
    exit "$refused"
}

upkeep() {
    need GT_LAKE
    step compact ingest compact "$GT_LAKE"
    step vacuum ingest vacuum "$GT_LAKE"
    log "upkeep is done"
}

cd "$(dirname "$0")/.."
target=${GT_TARGET:-athena}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

case "${1:-}" in
"" | run) run ;;
upkeep) upkeep ;;
ingest)
    shift
    ingest "$@"
    ;;
dbt)
    shift
    dbt_ "$@"
    ;;
-h | --help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
