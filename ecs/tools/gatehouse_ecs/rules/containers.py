"""Rules for the containers: their permissions, settings and image."""

import re
from collections.abc import Iterator

from ..limits import HEALTH_LIMITS, image_faults, size_faults
from ..settings import known_settings
from .rule import SERVICE, SIDECAR, VOLUME_OWNER, Deployment, environment, rule, secrets

SECRET_NAMES = re.compile(r".*(PASSWORD|_KEY|_KEYS|_KEYS_OLD|TOKEN|SECRET).*")


@rule(
    "secrets-in-secrets",
    "A secret in `environment` is readable by all who may describe the task.",
    "Move it to `secrets`.",
)
def _(deployment: Deployment) -> Iterator[str]:
    for container in deployment.containers:
        for name in environment(container):
            if SECRET_NAMES.fullmatch(name):
                yield f"{container['name']} has {name} in environment"


@rule(
    "sidecar-secrets",
    "The sidecar needs the dumps' key and its own password, nothing else.",
    "Take the others out of its secrets.",
)
def _(deployment: Deployment) -> Iterator[str]:
    allowed = {"MEM_ENCRYPTION_KEY", "MEM_ENCRYPTION_KEYS_OLD", "SIDECAR_PASSWORD"}
    for name in sorted(secrets(deployment.container(SIDECAR)).keys() - allowed):
        yield f"{SIDECAR} is given {name}"


@rule(
    "shared-secrets",
    "Both programs must open the same dumps and agree on the sidecar's account.",
    "Give both the same secret.",
)
def _(deployment: Deployment) -> Iterator[str]:
    service, sidecar = (secrets(program) for program in deployment.programs)
    for name in ("MEM_ENCRYPTION_KEY", "MEM_ENCRYPTION_KEYS_OLD", "SIDECAR_PASSWORD"):
        if service.get(name) != sidecar.get(name):
            yield f"{name} is not the same for both"
    service, sidecar = (environment(program) for program in deployment.programs)
    for name in ("SIDECAR_USERNAME", "PORT"):
        if service.get(name) != sidecar.get(name):
            yield f"{name} is not the same for both"


@rule("needed-secrets", "Without these the service refuses to start.", "Add them to its secrets.")
def _(deployment: Deployment) -> Iterator[str]:
    needed = {"MEM_ENCRYPTION_KEY", "JWT_SECRET_KEY", "DOORMAN_ADMIN_PASSWORD", "SIDECAR_PASSWORD"}
    for name in sorted(needed - secrets(deployment.container(SERVICE)).keys()):
        yield f"{SERVICE} is not given {name}"


@rule(
    "read-only-root", "What is written outside the volume is lost with the task.", "Set readonlyRootFilesystem to true."
)
def _(deployment: Deployment) -> Iterator[str]:
    for container in deployment.containers:
        if container.get("readonlyRootFilesystem") is not True:
            yield f"the root of {container['name']} can be written"


@rule("non-root", "The programs need no root.", "Set user to 10001:10001, the image's.")
def _(deployment: Deployment) -> Iterator[str]:
    for container in deployment.containers:
        if container["name"] == VOLUME_OWNER and not secrets(container):
            continue
        if container.get("user") != "10001:10001":
            yield f"{container['name']} runs as {container.get('user', 'the default user')}"


@rule("no-privileges", "The programs need no capabilities.", "Drop ALL, add none, and leave privileged out.")
def _(deployment: Deployment) -> Iterator[str]:
    for container in deployment.containers:
        capabilities = container.get("linuxParameters", {}).get("capabilities", {})
        if container.get("privileged") or capabilities.get("add"):
            yield f"{container['name']} has more privileges than the default"
        elif container["name"] != VOLUME_OWNER and capabilities.get("drop") != ["ALL"]:
            yield f"{container['name']} keeps capabilities"


@rule("memory-mode", "State in memory takes one process.", "Set MEM_OR_EXTERNAL=MEM and THREADS=1.")
def _(deployment: Deployment) -> Iterator[str]:
    found = environment(deployment.container(SERVICE))
    for name, value in {"MEM_OR_EXTERNAL": "MEM", "THREADS": "1"}.items():
        if found.get(name) != value:
            yield f"{name} is {found.get(name, 'not set')}"


@rule(
    "production",
    "Outside production weak secrets and plain HTTP pass.",
    "Set ENV=production, and HTTPS_ONLY=true for the service.",
)
def _(deployment: Deployment) -> Iterator[str]:
    for program in deployment.programs:
        if environment(program).get("ENV") != "production":
            yield f"{program['name']} does not run with ENV=production"
    if environment(deployment.container(SERVICE)).get("HTTPS_ONLY") != "true":
        yield "HTTPS_ONLY is off"


@rule(
    "logs",
    "Alarms are made from the log, as JSON.",
    "Log with awslogs, non-blocking, LOG_FORMAT=json, into the stack's group.",
)
def _(deployment: Deployment) -> Iterator[str]:
    for container in deployment.containers:
        logging = container.get("logConfiguration", {})
        options = logging.get("options", {})
        if logging.get("logDriver") != "awslogs" or not all(
            options.get(f"awslogs-{option}") for option in ("group", "region", "stream-prefix")
        ):
            yield f"{container['name']} does not log to a group"
    for program in deployment.programs:
        if environment(program).get("LOG_FORMAT") != "json":
            yield f"{program['name']} does not log JSON"
        if program.get("logConfiguration", {}).get("options", {}).get("mode") == "blocking":
            yield f"{program['name']} stands still when CloudWatch does"


@rule(
    "image-pinned",
    "Both programs speak to each other: one image, one version.",
    "Name the same version or digest for all containers.",
)
def _(deployment: Deployment) -> Iterator[str]:
    images = sorted({container["image"] for container in deployment.containers})
    if len(images) > 1:
        yield f"there are several images: {', '.join(images)}"
    for image in images:
        yield from image_faults(image)


@rule(
    "known-settings",
    "A misspelt setting is passed over in silence.",
    "Take the name from docs/reference/configuration.md.",
)
def _(deployment: Deployment) -> Iterator[str]:
    known = known_settings()
    for container in deployment.containers:
        for name in environment(container) | secrets(container):
            if name not in known:
                yield f"{container['name']} has {name}, which no page knows"


@rule("fargate-size", "Fargate takes certain pairs of CPU and memory only.", "Take one of its pairs.")
def _(deployment: Deployment) -> Iterator[str]:
    if deployment.launch != "ec2":
        yield from size_faults(int(deployment.task["cpu"]), int(deployment.task["memory"]))


@rule(
    "health-limits",
    "ECS refuses health checks outside its limits.",
    "Keep interval 5–300, timeout 2–60, retries 1–10, startPeriod 0–300.",
)
def _(deployment: Deployment) -> Iterator[str]:
    for program in deployment.programs:
        check = program.get("healthCheck", {})
        for key, (lowest, highest) in HEALTH_LIMITS.items():
            if key in check and not lowest <= check[key] <= highest:
                yield f"{program['name']} has {key} {check[key]}"


@rule(
    "health-commands",
    "The image has no shell to count on, and the sidecar's check must not fail when only the volume hangs.",
    "Use CMD with `gatehouse health`, and `gatehouse-sidecar health --watching` with SIDECAR_METRICS_PORT.",
)
def _(deployment: Deployment) -> Iterator[str]:
    wanted = {SERVICE: ["CMD", "gatehouse", "health"], SIDECAR: ["CMD", "gatehouse-sidecar", "health", "--watching"]}
    for program in deployment.programs:
        if program.get("healthCheck", {}).get("command") != wanted[program["name"]]:
            yield f"{program['name']} is asked in another way"
    if "SIDECAR_METRICS_PORT" not in environment(deployment.container(SIDECAR)):
        yield "SIDECAR_METRICS_PORT is not set"
