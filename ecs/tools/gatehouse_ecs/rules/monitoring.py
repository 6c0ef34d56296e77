"""Rules on metrics and alarms."""

import re
from collections.abc import Iterator
from typing import Any

from ..settings import known_figures
from .rule import SERVICE, SIDECAR, Deployment, environment, rule


def _alarm(deployment: Deployment, metric: str) -> dict[str, Any] | None:
    return next((alarm for alarm in deployment.documents["alarms.json"] if alarm["MetricName"] == metric), None)


@rule(
    "dump-age-threshold",
    "An alarm on the age of dumps must not ring while the timer works.",
    "Set its threshold above MEM_AUTO_SAVE_MAX_AGE + MEM_AUTO_SAVE_FREQ.",
)
def _(deployment: Deployment) -> Iterator[str]:
    alarm, found = _alarm(deployment, "DumpAge"), environment(deployment.container(SERVICE))
    names = ("MEM_AUTO_SAVE_MAX_AGE", "MEM_AUTO_SAVE_FREQ")
    if alarm and all(name in found for name in names):
        oldest = sum(int(found[name]) for name in names)
        if alarm["Threshold"] <= oldest:
            yield f"it rings at {alarm['Threshold']} s, and {oldest} s are in order"


@rule("alarms", "Each of these has cost someone their state.", "Keep an alarm on each.")
def _(deployment: Deployment) -> Iterator[str]:
    wanted = [
        "DumpAge",
        "DamagedDumps",
        "DamagedJournals",
        "JournalMissing",
        "VolumeBusy",
        "ServiceReady",
        "DrainsFailed",
        "StatusLines",
        "MemoryUtilization",
    ]
    wanted += (
        ["OffsiteLag", "OffsiteJournalLag"] if "OFFSITE_S3_BUCKET" in environment(deployment.container(SIDECAR)) else []
    )
    wanted += ["Writers"]
    wanted += ["StandbyLag"] if deployment.keeps_standby else []
    has_two = deployment.keeps_standby and deployment.service.get("desiredCount", 1) > 1
    wanted += ["StandbysReady"] if has_two else []
    wanted += ["PercentIOLimit"] if deployment.launch != "fargate-ebs" else []
    for metric in wanted:
        if _alarm(deployment, metric) is None:
            yield f"no alarm looks at {metric}"


@rule(
    "silence-alarms",
    "When nothing is logged any more, every other alarm is blind.",
    "Let missing data breach on StatusLines, DumpAge and StandbysReady.",
)
def _(deployment: Deployment) -> Iterator[str]:
    for metric in ("StatusLines", "DumpAge", "StandbysReady"):
        alarm = _alarm(deployment, metric)
        if alarm and alarm["TreatMissingData"] != "breaching":
            yield f"the alarm on {metric} takes silence for good news"


@rule(
    "metrics-have-filters",
    "An alarm on a metric that nobody writes never rings.",
    "Make the metric with a filter in the same namespace.",
)
def _(deployment: Deployment) -> Iterator[str]:
    made = {
        (made["metricNamespace"], made["metricName"])
        for metric_filter in deployment.documents["metric-filters.json"]
        for made in metric_filter["metricTransformations"]
    }
    for alarm in deployment.documents["alarms.json"]:
        if not alarm["Namespace"].startswith("AWS/") and (alarm["Namespace"], alarm["MetricName"]) not in made:
            yield f"nothing writes {alarm['MetricName']}"


@rule("filters-read-the-log", "Filters look at the group that the containers log to.", "Give both the same group.")
def _(deployment: Deployment) -> Iterator[str]:
    groups = {
        program.get("logConfiguration", {}).get("options", {}).get("awslogs-group") for program in deployment.programs
    }
    for metric_filter in deployment.documents["metric-filters.json"]:
        if groups - {None} and metric_filter["logGroupName"] not in groups:
            yield f"{metric_filter['filterName']} looks at {metric_filter['logGroupName']}"


@rule(
    "status-lines",
    "The metrics come from the sidecar's line of figures.",
    "Set SIDECAR_STATUS_EVERY=60s, and leave its LOG_LEVEL at INFO.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if environment(deployment.container(SIDECAR)).get("SIDECAR_STATUS_EVERY") != "60s":
        yield "the sidecar does not log its figures each minute"
    if environment(deployment.container(SIDECAR)).get("LOG_LEVEL", "INFO") not in ("INFO", "DEBUG"):
        yield "the sidecar's log level hides its figures"


@rule(
    "known-figures",
    "A figure that the sidecar does not log makes a metric without data.",
    "Take its name from docs/reference/metrics.md.",
)
def _(deployment: Deployment) -> Iterator[str]:
    known = known_figures() | {"message", "level"}
    for metric_filter in deployment.documents["metric-filters.json"]:
        made = metric_filter["metricTransformations"][0]["metricValue"]
        for figure in re.findall(r"\$\.(\w+)", f"{metric_filter['filterPattern']} {made}"):
            if figure not in known:
                yield f"{metric_filter['filterName']} reads {figure}"
