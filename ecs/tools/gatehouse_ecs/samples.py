"""Sample variables to try the templates, with names that do not exist."""

from typing import Any

from .bindings import for_awscli, is_wired, settle
from .cloudformation import stack
from .documents import all_of
from .render import STACK_LAUNCHES
from .rules import Deployment
from .template import read
from .variables import LAUNCHES, WIRING

REGION = "us-east-1"
ACCOUNT = "123456789012"


def secret(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:gatehouse/{name}-AbCdEf"


WIRED = {
    "account": ACCOUNT,
    "region": REGION,
    "file_system_id": "fs-0123456789abcdef0",
    "access_point_id": "fsap-0123456789abcdef0",
    "task_security_group": "sg-0123456789abcdef0",
    "encryption_key_secret_arn": secret("encryption-key"),
    "jwt_secret_arn": secret("jwt-secret"),
    "admin_password_secret_arn": secret("admin-password"),
    "sidecar_password_secret_arn": secret("sidecar-password"),
}
# Values for every variable that is off by default.
EVERYTHING = {
    "image": "registry.example/team/gatehouse:1.2.3",
    "clients": ["10.0.0.0/16", "sg-0123456789abcdef1"],
    "keep_last": 5,
    "keep_hourly": 24,
    "keep_daily": 7,
    "keep_weekly": 4,
    "keep_monthly": 12,
    "keep_yearly": 3,
    "keep_within": "36h",
    "keep_max_bytes": "20GB",
    "keep_max_count": 500,
    "keep_journal": "14d",
    "trash_keep": "2d",
    "offsite_bucket": "gatehouse-copies",
    "offsite_interval": "10s",
    "old_keys_secret_arn": secret("old-keys"),
    "target_group_arn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/gatehouse/0123456789abcdef",
    "efs_throughput": "bursting",
    "desired_count": 2,
}


def example() -> dict[str, Any]:
    return read("variables.example.json")


def variants() -> dict[str, dict[str, Any]]:
    """The example for every way to launch, with defaults and with everything enabled, each with the variant's name."""
    found = {}
    for launch in LAUNCHES:
        bucket = {"offsite_bucket": "gatehouse-copies"} if launch == "fargate-ebs" else {}
        count = {"desired_count": 1} if launch == "fargate-ebs" else {}
        found[launch] = settle(example() | WIRED | bucket | {"launch": launch})
        found[f"{launch}, everything on"] = settle(example() | WIRED | EVERYTHING | count | {"launch": launch})
    target_group = {"target_group_arn": EVERYTHING["target_group_arn"]}
    found["fargate, balanced"] = settle(example() | WIRED | target_group | {"launch": "fargate"})
    return found


def wired(given: dict[str, Any]) -> dict[str, Any]:
    """The user's variables, with sample values for missing ones that only awscli needs."""
    return settle(
        given if is_wired(settle(given)) else {**WIRED, **{k: v for k, v in given.items() if k not in WIRING}}
    )


def deployment(values: dict[str, Any]) -> Deployment:
    launch = values["launch"]
    return Deployment(launch, values, all_of(for_awscli(values)), stack(values) if launch in STACK_LAUNCHES else None)
