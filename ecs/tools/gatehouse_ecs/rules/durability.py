"""Rules for the order of starts and stops, and for what a stop may cost."""

import itertools
from collections.abc import Iterator

from ..limits import (
    BALANCER_LAG,
    DEFAULT_STOP,
    DRAIN_MARGIN,
    FARGATE_STOP,
    FINISHING,
    LAST_DUMP,
    SPOT_MARGIN,
    SPOT_STOP,
)
from .rule import NEWEST_COPY, SERVICE, SIDECAR, VOLUME_OWNER, Deployment, environment, rule


@rule(
    "sidecar-depends-on-service",
    "ECS stops in reverse order of dependsOn: the sidecar must be stopped first, while the service serves.",
    f"Let {SIDECAR} depend on {SERVICE} with HEALTHY.",
)
def _(deployment: Deployment) -> Iterator[str]:
    wanted = {"containerName": SERVICE, "condition": "HEALTHY"}
    if wanted not in deployment.container(SIDECAR).get("dependsOn", []):
        yield f"{SIDECAR} does not wait for a healthy {SERVICE}"


@rule(
    "service-depends-on-no-sidecar",
    "A service that depends on its sidecar is stopped first, with nobody to drain it.",
    f"Take {SIDECAR} out of its dependsOn.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if any(entry["containerName"] == SIDECAR for entry in deployment.container(SERVICE).get("dependsOn", [])):
        yield f"{SERVICE} depends on {SIDECAR}"


@rule(
    "no-start-timeout",
    "A large dump takes its time to load; with startTimeout, 120 s at most, ECS stops the task while it loads.",
    "Leave startTimeout out: the health check's startPeriod bounds the start.",
)
def _(deployment: Deployment) -> Iterator[str]:
    for container in deployment.containers:
        if "startTimeout" in container:
            yield f"{container['name']} has startTimeout {container['startTimeout']}"


@rule("both-essential", "State that nobody guards is worse than a restart.", "Set essential to true for both.")
def _(deployment: Deployment) -> Iterator[str]:
    for program in deployment.programs:
        if program.get("essential", True) is not True:
            yield f"{program['name']} is not essential"


@rule(
    "stop-budget",
    "The sidecar must end its drain before it is killed, and the service its stop.",
    f"Set DRAIN_DEADLINE to the sidecar's stopTimeout less {DRAIN_MARGIN}; at most {FARGATE_STOP} s each; "
    f"on Spot, both and {SPOT_MARGIN} s of margin in {SPOT_STOP} s.",
)
def _(deployment: Deployment) -> Iterator[str]:
    service, sidecar = (program.get("stopTimeout", DEFAULT_STOP) for program in deployment.programs)
    drain = int(environment(deployment.container(SIDECAR)).get("DRAIN_DEADLINE", 55))
    if drain > sidecar - DRAIN_MARGIN:
        yield f"DRAIN_DEADLINE {drain} leaves {sidecar - drain} s of the sidecar's {sidecar}"
    if service < 30:
        yield f"the service gets {service} s to write its last dump"
    if deployment.launch != "ec2" and max(service, sidecar) > FARGATE_STOP:
        yield f"a stopTimeout of {max(service, sidecar)} is more than Fargate allows"
    if deployment.launch == "fargate-spot" and service + sidecar + SPOT_MARGIN > SPOT_STOP:
        yield f"both stops take {service + sidecar} s together"


@rule(
    "drain-grace",
    "A load balancer goes on sending requests for some seconds after SIGTERM, and then the last dump needs its time.",
    f"Set DRAIN_GRACE to more than {BALANCER_LAG} where there is a target group, and leave it out elsewhere; keep "
    f"{FINISHING} s to finish requests and {LAST_DUMP} s for the last dump within the service's stopTimeout.",
)
def _(deployment: Deployment) -> Iterator[str]:
    service = deployment.container(SERVICE)
    grace = float(environment(service).get("DRAIN_GRACE", 0))
    if deployment.service.get("loadBalancers"):
        if grace <= BALANCER_LAG:
            yield f"DRAIN_GRACE is {grace:g}: requests that the load balancer still sends are refused"
    elif grace:
        yield f"DRAIN_GRACE is {grace:g}, and no load balancer needs it"
    stop = service.get("stopTimeout", DEFAULT_STOP)
    left = stop - grace - FINISHING
    if grace and left < LAST_DUMP:
        yield f"a grace of {grace:g} s and {FINISHING} s for requests leave {left:g} s of {stop} for the last dump"


@rule(
    "auto-save",
    "A crash costs what changed since the last dump.",
    "Set MEM_AUTO_SAVE_ENABLED=true, _FREQ and _MAX_AGE.",
)
def _(deployment: Deployment) -> Iterator[str]:
    found = environment(deployment.container(SERVICE))
    if found.get("MEM_AUTO_SAVE_ENABLED") != "true":
        yield "the timer is off"
    for name in ("MEM_AUTO_SAVE_FREQ", "MEM_AUTO_SAVE_MAX_AGE"):
        if name not in found:
            yield f"{name} is not set"


@rule(
    "circuit-breaker",
    "A version that does not start would be tried for ever.",
    "Turn deploymentCircuitBreaker on, with rollback.",
)
def _(deployment: Deployment) -> Iterator[str]:
    found = deployment.service.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
    if found != {"enable": True, "rollback": True}:
        yield "a failed deployment is not rolled back"


@rule(
    "ebs-needs-copies",
    "ECS deletes the EBS volume of a service's task with the task, dumps and all.",
    "Set offsite_bucket, or use EFS.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if deployment.on_ebs and not environment(deployment.container(SIDECAR)).get("OFFSITE_S3_BUCKET"):
        yield "there is no copy anywhere else"


@rule(
    "task-protection",
    "A scale-in in the middle of a dump costs that dump.",
    "Set SIDECAR_TASK_PROTECTION=true, and let the task's role do ecs:UpdateTaskProtection.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if environment(deployment.container(SIDECAR)).get("SIDECAR_TASK_PROTECTION") != "true":
        yield "the sidecar does not protect its task"
    statements = deployment.policies["iam/task-role.json"]["Statement"]
    if not any(statement["Action"] == "ecs:UpdateTaskProtection" for statement in statements):
        yield "the role may not protect the task"


@rule(
    "ebs-restores-first",
    "A fresh EBS volume is empty: a service that starts on it starts with nothing, and its dumps then count as newer.",
    f"Let {SERVICE} depend on {NEWEST_COPY} with SUCCESS, and that on {VOLUME_OWNER}; "
    "first_start is for the first start.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if not deployment.on_ebs:
        return
    order = [VOLUME_OWNER, *([] if deployment.values["first_start"] else [NEWEST_COPY]), SERVICE]
    containers = {container["name"]: container for container in deployment.containers}
    for before, after in itertools.pairwise(order):
        wanted = {"containerName": before, "condition": "SUCCESS"}
        if before not in containers or wanted not in containers.get(after, {}).get("dependsOn", []):
            yield f"{after} does not wait for {before}"
    if NEWEST_COPY in order and NEWEST_COPY in containers:
        if containers[NEWEST_COPY].get("command") != ["gatehouse-sidecar", "fetch"]:
            yield f"{NEWEST_COPY} fetches nothing"
        names = ("MEM_DUMP_PATH", "OFFSITE_S3_BUCKET", "OFFSITE_S3_PREFIX")
        ours, sidecars = environment(containers[NEWEST_COPY]), environment(deployment.container(SIDECAR))
        yield from (f"{NEWEST_COPY} and {SIDECAR} differ in {n}" for n in names if ours.get(n) != sidecars.get(n))
