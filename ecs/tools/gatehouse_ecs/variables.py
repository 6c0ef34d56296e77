"""The variables of a deployment: their names, the values that they accept, and the faults of a file of them."""

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAUNCHES = ("fargate", "fargate-spot", "ec2", "fargate-ebs")
LOG_RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)


@dataclass(frozen=True)
class Variable:
    """One variable. `kind` is `text`, `number`, `flag` or `texts`; `takes` says in words what it accepts."""

    name: str
    kind: str
    takes: str
    default: Any = None
    pattern: str = r"[^${}%\x00-\x1f]+"
    lowest: int = 0
    highest: int = 2**53
    choices: tuple = ()
    required: bool = False
    # Only the files for plain awscli need this variable. The stacks create what it names.
    wiring: bool = False

    def fault(self, value: Any) -> str | None:
        if self.kind == "number":
            good = isinstance(value, int) and not isinstance(value, bool) and self.lowest <= value <= self.highest
        elif self.kind == "flag":
            good = isinstance(value, bool)
        elif self.kind == "texts":
            good = isinstance(value, list) and all(self._matches(item) for item in value)
            good = good and not (self.required and not value)
        else:
            good = self._matches(value)
        if good and self.choices:
            good = value in self.choices
        return None if good else f"{self.name}: is {json.dumps(value)}; it takes {self.takes}"

    def _matches(self, value: Any) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None


def text(name: str, takes: str, pattern: str = Variable.pattern, **more: Any) -> Variable:
    return Variable(name, "text", takes, pattern=pattern, **more)


def number(name: str, lowest: int, highest: int, unit: str, default: int | None = None) -> Variable:
    takes = f"a whole number of {unit} from {lowest} to {highest}"
    return Variable(name, "number", takes, default=default, lowest=lowest, highest=highest)


ARN = r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:[^\s${}%]+"
SECRET = r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^\s${}%:]+"
DURATION = r"[1-9]\d*[smhdw]"

VARIABLES = (
    text(
        "image",
        "an image with a tag that never moves, or a digest: REPOSITORY/gatehouse:1.2.3",
        r"[\w.:/@-]+",
        required=True,
    ),
    text("vpc_id", "a VPC: vpc-…", r"vpc-[0-9a-f]+", required=True),
    Variable(
        "subnets", "texts", 'a list of subnets, one per zone: ["subnet-…"]', pattern=r"subnet-[0-9a-f]+", required=True
    ),
    Variable(
        "clients",
        "texts",
        'a list of who may reach the port: CIDR blocks and security groups, ["10.0.0.0/8", "sg-…"]',
        default=[],
        pattern=r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}|sg-[0-9a-f]+",
    ),
    text("name", "a name of small letters, digits and dashes, up to 26", r"[a-z][a-z0-9-]{0,25}", default="gatehouse"),
    text("launch", " or ".join(LAUNCHES), default="fargate", choices=LAUNCHES),
    number("cpu", 256, 16384, "CPU units (1024 are one CPU)", 512),
    number("memory", 512, 122880, "MiB", 1024),
    text("cpu_architecture", "X86_64 or ARM64, as the image was built", default="X86_64", choices=("X86_64", "ARM64")),
    text("platform_version", "LATEST, or a version from 1.4.0 on", r"LATEST|1\.4\.\d+", default="1.4.0"),
    Variable("public_ip", "flag", "true (subnets without a NAT gateway) or false", default=False),
    number("port", 1024, 65535, "a TCP port", 5001),
    number("desired_count", 1, 2, "tasks", 1),
    number("stop_timeout", 15, 600, "seconds"),
    text("admin_email", "an e-mail address", r"[^@\s${}%]+@[^@\s${}%]+", default="admin@doorman.dev"),
    number("auto_save_freq", 60, 86400, "seconds", 300),
    number("auto_save_max_age", 60, 86400, "seconds", 3600),
    text("log_level", "DEBUG, INFO, WARNING or ERROR", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR")),
    Variable(
        "log_retention_days",
        "number",
        f"one of {', '.join(map(str, LOG_RETENTION_DAYS))}",
        default=90,
        choices=LOG_RETENTION_DAYS,
    ),
    *(
        number(f"keep_{rule}", 0, 100000, "dumps")
        for rule in ("last", "hourly", "daily", "weekly", "monthly", "yearly", "max_count")
    ),
    text("keep_within", "a time such as 36h or 14d", DURATION),
    text("keep_max_bytes", "a size such as 20GB", r"[1-9]\d*([KMGT]?B)?"),
    text("keep_journal", "a time such as 36h or 14d", DURATION),
    text("trash_keep", "a time such as 36h or 14d", DURATION),
    text("offsite_bucket", "the name of an S3 bucket", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    text("offsite_prefix", "a prefix that ends in /", r"[\w./-]*/", default="gatehouse/"),
    text("offsite_interval", "a time such as 5s or 1m", DURATION),
    text("old_keys_secret_arn", "the ARN of a secret in Secrets Manager with former encryption keys", SECRET),
    text("repository_arn", "the ARN of the ECR repository of the image", r"arn:aws[a-z-]*:ecr:[^\s${}%]+"),
    text("target_group_arn", "the ARN of a target group of kind ip", r"arn:aws[a-z-]*:elasticloadbalancing:[^\s${}%]+"),
    text("alarm_email", "an e-mail address that alarms go to", r"[^@\s${}%]+@[^@\s${}%]+"),
    text("alarm_topic_arn", "the ARN of an SNS topic that alarms go to", r"arn:aws[a-z-]*:sns:[^\s${}%]+"),
    number("dump_age_alarm", 60, 604800, "seconds"),
    number("offsite_lag_alarm", 60, 604800, "seconds", 7200),
    number("offsite_journal_lag_alarm", 60, 604800, "seconds", 300),
    text("efs_throughput", "elastic or bursting", default="elastic", choices=("elastic", "bursting")),
    Variable(
        "first_start", "flag", "true (with fargate-ebs, while there is no copy in S3 yet) or false", default=False
    ),
    number("ebs_size", 1, 16384, "GiB", 20),
    text("account", "the number of the AWS account, 12 digits, in quotes", r"\d{12}", wiring=True),
    text("region", "an AWS region", r"[a-z]{2}(-[a-z]+)+-\d", wiring=True),
    text("file_system_id", "an EFS file system: fs-…", r"fs-[0-9a-f]+", wiring=True),
    text("access_point_id", "an EFS access point: fsap-…", r"fsap-[0-9a-f]+", wiring=True),
    text("task_security_group", "a security group: sg-…", r"sg-[0-9a-f]+", wiring=True),
    *(
        text(f"{secret}_secret_arn", "the full ARN of a secret in Secrets Manager", SECRET, wiring=True)
        for secret in ("encryption_key", "jwt", "admin_password", "sidecar_password")
    ),
)
BY_NAME = {variable.name: variable for variable in VARIABLES}
WIRING = tuple(variable.name for variable in VARIABLES if variable.wiring)


class Faults(Exception):
    """The faults of the user's variables, one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def load(path: Path) -> dict[str, Any]:
    """The file's variables, unchanged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_twins)
    except OSError as error:
        raise Faults(
            [f"{path}: can't be read ({error.strerror}); start from a copy of ecs/variables.example.json"]
        ) from error
    except ValueError as error:
        raise Faults([f"{path}: is not JSON ({error}); mend it there"]) from error
    if not isinstance(found, dict):
        raise Faults([f"{path}: must hold one JSON object, as ecs/variables.example.json does"])
    return found


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ValueError(f"{', '.join(twins)} is there twice")
    return dict(pairs)


def resolve(given: dict[str, Any]) -> dict[str, Any]:
    """Every variable with its value or default. Raises `Faults` with all faults at once."""
    faults = []
    for name in given.keys() - BY_NAME.keys():
        close = difflib.get_close_matches(name, BY_NAME, 1)
        hint = f"did you mean {close[0]}?" if close else "docs/deploy/ecs-variables.md lists all variables"
        faults.append(f"{name}: there is no such variable; {hint}")
    values = {}
    for variable in VARIABLES:
        value = given.get(variable.name)
        values[variable.name] = variable.default if value is None else value
        if value is not None:
            faults += filter(None, [variable.fault(value)])
        elif variable.required:
            faults.append(f"{variable.name}: is missing; it takes {variable.takes}")
    missing = [name for name in WIRING if values[name] is None]
    if missing and len(missing) < len(WIRING):
        faults += [f"{name}: is missing; give all of {', '.join(WIRING)}, or none of them" for name in missing]
    if faults:
        raise Faults(sorted(faults))
    return values
