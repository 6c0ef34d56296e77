"""Rules for the permissions of the roles."""

from collections.abc import Iterator
from typing import Any

from .rule import SIDECAR, Deployment, environment, rule, secrets

# AWS has no resource for this action, because the token is for the whole registry.
STAR_RESOURCES = {"ecr:GetAuthorizationToken"}


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _allowed(policy: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (statement for statement in policy["Statement"] if statement["Effect"] == "Allow")


@rule("named-actions", "A role may do what is needed, and nothing else.", "Name each action, without *.")
def _(deployment: Deployment) -> Iterator[str]:
    for name, policy in deployment.policies.items():
        for statement in _allowed(policy):
            if "NotAction" in statement or any("*" in action for action in _list(statement.get("Action", []))):
                yield f"{name} allows {statement.get('Action', 'NotAction')}"


@rule(
    "named-resources",
    "A role may touch what is the deployment's, and nothing else.",
    "Name the resource; a * may end a path in it.",
)
def _(deployment: Deployment) -> Iterator[str]:
    for name, policy in deployment.policies.items():
        for statement in _allowed(policy):
            for resource in _list(statement.get("Resource", [])):
                if "*" in resource[:-1] or (resource == "*" and set(_list(statement["Action"])) - STAR_RESOURCES):
                    yield f"{name} allows {statement['Action']} on {resource}"


@rule(
    "exact-secrets",
    "ECS reads the secrets of the task, no others, and all of them.",
    "List the ARNs that the containers name.",
)
def _(deployment: Deployment) -> Iterator[str]:
    needed = {arn for container in deployment.containers for arn in secrets(container).values()}
    granted: set[str] = set()
    for statement in _allowed(deployment.policies["iam/execution-role.json"]):
        if "secretsmanager:GetSecretValue" in _list(statement["Action"]):
            granted |= set(_list(statement["Resource"]))
    for arn in sorted(needed ^ granted):
        yield f"{arn} is {'not readable' if arn in needed else 'readable, and nobody needs it'}"


@rule(
    "tls-only",
    "The file system takes no mount without TLS, and none past its access point.",
    "Keep both Deny statements.",
)
def _(deployment: Deployment) -> Iterator[str]:
    policy = deployment.policies.get("iam/file-system-policy.json")
    if policy is None:
        if deployment.launch != "fargate-ebs":
            yield "the file system has no policy"
        return
    conditions = [
        statement.get("Condition")
        for statement in policy["Statement"]
        if statement["Effect"] == "Deny" and statement["Principal"] == {"AWS": "*"}
    ]
    if {"Bool": {"aws:SecureTransport": "false"}} not in conditions:
        yield "mounts without TLS pass"
    if {"Null": {"elasticfilesystem:AccessPointArn": "true"}} not in conditions:
        yield "mounts without access point pass"


@rule(
    "mount-permission",
    "The task mounts its volume through its access point.",
    "Allow ClientMount and ClientWrite, with a condition on elasticfilesystem:AccessPointArn; never ClientRootAccess.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if deployment.launch == "fargate-ebs":
        return
    statements = [
        statement
        for statement in _allowed(deployment.policies["iam/task-role.json"])
        if any(action.startswith("elasticfilesystem:") for action in _list(statement["Action"]))
    ]
    wanted = {"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}
    if {action for statement in statements for action in _list(statement["Action"])} != wanted:
        yield "the role may do too little, or too much"
    for statement in statements:
        if "elasticfilesystem:AccessPointArn" not in statement.get("Condition", {}).get("StringEquals", {}):
            yield "the role may mount past the access point"


@rule(
    "trust",
    "Only ECS tasks of this account may take the roles.",
    "Trust ecs-tasks.amazonaws.com, with aws:SourceAccount and aws:SourceArn.",
)
def _(deployment: Deployment) -> Iterator[str]:
    for statement in deployment.policies["iam/trust.json"]["Statement"]:
        keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
        if (
            statement["Principal"] != {"Service": "ecs-tasks.amazonaws.com"}
            or not {"aws:SourceAccount", "aws:SourceArn"} <= keys
        ):
            yield "others may take the roles"


@rule(
    "copies-permission",
    "The sidecar puts, gets, lists and deletes copies below its prefix.",
    "Allow the four there, when offsite_bucket is set only.",
)
def _(deployment: Deployment) -> Iterator[str]:
    granted = {
        action
        for statement in _allowed(deployment.policies["iam/task-role.json"])
        for action in _list(statement["Action"])
        if action.startswith("s3:")
    }
    offsite = "OFFSITE_S3_BUCKET" in environment(deployment.container(SIDECAR))
    wanted = {"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket"} if offsite else set()
    if granted != wanted:
        yield f"the role may do {', '.join(sorted(granted)) or 'nothing'} in S3"
