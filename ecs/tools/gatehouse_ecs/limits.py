"""The limits of ECS, and the times of a stop.

Those of a stop derive from one number, `stop_timeout`. The grace for a load balancer gets what the rest of the stop leaves,
and no more than the load balancer needs: it learns of a stop as late for a small state as for a large one.
"""

from dataclasses import dataclass
from typing import Any

# The seconds that a container on Fargate may take to stop, and the total for all containers of a Spot task.
FARGATE_STOP = 120
SPOT_STOP = 120
# The default for a container without stopTimeout.
DEFAULT_STOP = 30
# The seconds between the sidecar's drain and its kill, and those that an interrupted Spot task needs besides its two
# stops.
DRAIN_MARGIN = 5
SPOT_MARGIN = 10
# The seconds that requests get to finish, and the least that the last dump needs.
FINISHING = 15
LAST_DUMP = 15
# The seconds that a load balancer may go on sending requests after a task began to stop.
BALANCER_LAG = 5
# The seconds that the gateway serves on behind a load balancer, where `stop_timeout` leaves them: at most twice the lag,
# and more than the lag.
LONGEST_GRACE = 2 * BALANCER_LAG
SHORTEST_GRACE = BALANCER_LAG + 1
# How the load balancer checks its targets: seconds, and times in a row. A standby is ready when its state is current.
TARGET_HEALTH: dict[str, Any] = {
    "path": "/platform/monitor/readiness",
    "interval": 5,
    "timeout": 4,
    "healthy": 2,
    "unhealthy": 3,
}
# The seconds that a standby may be behind, and the lines of writers in five minutes, before an alarm rings.
STANDBY_LAG = 5
WRITER_LINES = 7

# What ECS accepts of a health check: seconds, and times in a row.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
HEALTH_LIMITS = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
# The seconds that a start may take before a check counts, of the container or of the load balancer: all that ECS gives.
LONGEST_START = HEALTH_LIMITS["startPeriod"][1]

# By CPU units: the MiB of memory from, to, and in steps of.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
FARGATE_MEMORY = {
    256: (512, 2048, 0),
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}


@dataclass(frozen=True)
class StopBudget:
    """The seconds for each part of a stop. The sidecar drains and ends first, then the gateway stops."""

    sidecar_stop: int
    drain_deadline: int
    service_stop: int
    # Those behind a load balancer: what the gateway serves on after SIGTERM, and what the target group waits before it.
    # Requests that run get the time of the grace and the lag, and the grace begins when few are left.
    drain_grace: int
    deregistration_delay: int

    @classmethod
    def of(cls, stop_timeout: int) -> "StopBudget":
        grace = min(LONGEST_GRACE, stop_timeout - FINISHING - LAST_DUMP)
        return cls(
            sidecar_stop=stop_timeout,
            drain_deadline=stop_timeout - DRAIN_MARGIN,
            service_stop=stop_timeout,
            drain_grace=grace,
            deregistration_delay=grace + BALANCER_LAG,
        )


def default_stop_timeout(launch: str) -> int:
    return 55 if launch == "fargate-spot" else 120


def stop_faults(launch: str, stop_timeout: int) -> list[str]:
    if launch == "fargate-spot":
        most = (SPOT_STOP - SPOT_MARGIN) // 2
        why = f"a Spot interruption leaves {SPOT_STOP} s for two stops and {SPOT_MARGIN} s of margin"
    else:
        most, why = FARGATE_STOP, "ECS gives a container on Fargate no more, and the templates keep to it everywhere"
    return [f"stop_timeout: is {stop_timeout}; set at most {most}: {why}"] if stop_timeout > most else []


def grace_faults(target_group: str | None, stop_timeout: int) -> list[str]:
    if not target_group or StopBudget.of(stop_timeout).drain_grace >= SHORTEST_GRACE:
        return []
    least = SHORTEST_GRACE + FINISHING + LAST_DUMP
    return [
        f"stop_timeout: is {stop_timeout}; with target_group_arn set at least {least}: {SHORTEST_GRACE} s of grace, "
        f"{FINISHING} s for requests and {LAST_DUMP} s for the last dump"
    ]


def keeps_standby(launch: str, target_group: str | None) -> bool:
    """Whether a new task runs beside the old one: a load balancer chooses between them, and both have the volume."""
    return target_group is not None and launch != "fargate-ebs"


def standby_faults(values: dict[str, Any]) -> list[str]:
    """The faults of a second task that is there all the time."""
    if values["desired_count"] < 2:
        return []
    faults = []
    if values["launch"] == "fargate-ebs":
        faults.append("desired_count: is 2; with fargate-ebs set 1, because each task has a volume of its own")
    if not values["target_group_arn"]:
        faults.append(
            "desired_count: is 2; set target_group_arn, too: without a load balancer clients know one task only"
        )
    if len(values["subnets"]) < 2:
        faults.append("desired_count: is 2; give two subnets in two zones, or both tasks are lost together")
    return faults


def size_faults(cpu: int, memory: int) -> list[str]:
    """The fault of a pair of CPU and memory on Fargate. EC2 accepts any pair."""
    if cpu not in FARGATE_MEMORY:
        return [f"cpu: is {cpu}; Fargate takes {', '.join(map(str, FARGATE_MEMORY))}"]
    low, high, step = FARGATE_MEMORY[cpu]
    allowed = [512, 1024, 2048] if step == 0 else list(range(low, high + 1, step))
    if memory in allowed:
        return []
    words = ", ".join(map(str, allowed)) if len(allowed) < 5 else f"{low} to {high} in steps of {step}"
    return [f"memory: is {memory}; with cpu {cpu} Fargate takes {words} MiB"]


def image_faults(image: str) -> list[str]:
    remedy = "name a version or a digest, so that a restart runs what you tested"
    if "@sha256:" in image:
        return []
    tag = image.rpartition("/")[2].partition(":")[2]
    if not tag:
        return [f"image: {image} has no tag, which means latest; {remedy}"]
    return [f"image: {image} has the tag latest, which moves; {remedy}"] if tag == "latest" else []


def joint_faults(values: dict[str, Any]) -> list[str]:
    """The faults of variables that are each valid but do not fit together."""
    launch = values["launch"]
    faults = image_faults(values["image"]) + stop_faults(launch, values["stop_timeout"])
    faults += grace_faults(values["target_group_arn"], values["stop_timeout"]) + standby_faults(values)
    if launch != "ec2":
        faults += size_faults(values["cpu"], values["memory"])
    if values["auto_save_max_age"] < values["auto_save_freq"]:
        faults.append(
            f"auto_save_max_age: is {values['auto_save_max_age']}; "
            f"set at least auto_save_freq ({values['auto_save_freq']})"
        )
    oldest = values["auto_save_max_age"] + values["auto_save_freq"]
    if values["dump_age_alarm"] <= oldest:
        faults.append(
            f"dump_age_alarm: is {values['dump_age_alarm']}; "
            f"set more than {oldest} (auto_save_max_age + auto_save_freq), or it rings although the gateway is healthy"
        )
    if launch == "fargate-ebs" and not values["offsite_bucket"]:
        faults.append(
            "offsite_bucket: is missing; with fargate-ebs it must be set, because ECS deletes the volume with the task"
        )
    if values["first_start"] and launch != "fargate-ebs":
        faults.append(f"first_start: is for fargate-ebs only, and launch is {launch}; take it out")
    if values["alarm_email"] and values["alarm_topic_arn"]:
        faults.append("alarm_topic_arn: is set, and alarm_email, too; give one of them (alarm_email makes a topic)")
    return faults
