"""Rules for how tasks are replaced: one after the other, or with a standby behind a load balancer."""

from collections.abc import Iterator

from .rule import SERVICE, Deployment, environment, rule


@rule(
    "one-task",
    "Without a load balancer nobody finds a second task, and on EBS it has another volume.",
    "Set desiredCount 1, minimumHealthyPercent 0, maximumPercent 100, schedulingStrategy REPLICA.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if deployment.keeps_standby:
        return
    found, service = deployment.service.get("deploymentConfiguration", {}), deployment.service
    if (found.get("minimumHealthyPercent"), found.get("maximumPercent")) != (0, 100):
        yield "a deployment may start the new task before the old one has ended"
    if service.get("desiredCount") != 1 or service.get("schedulingStrategy", "REPLICA") != "REPLICA":
        yield "more than one task may run"


@rule(
    "standby",
    "Behind a load balancer the new task is a standby until the old one has ended, and no call waits for a start.",
    "Set minimumHealthyPercent 100, maximumPercent 200, desiredCount 1 or 2, schedulingStrategy REPLICA.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if not deployment.keeps_standby:
        return
    found, service = deployment.service.get("deploymentConfiguration", {}), deployment.service
    if found.get("minimumHealthyPercent") != 100:
        yield "a deployment may stop the old task before the new one is healthy"
    if found.get("maximumPercent") != 200:
        yield f"a deployment may run {found.get('maximumPercent')} % of the desired tasks"
    if service.get("desiredCount") not in (1, 2) or service.get("schedulingStrategy", "REPLICA") != "REPLICA":
        yield "there is one writer: more than one standby costs, and serves nobody better"


@rule(
    "standby-follows",
    "A standby follows the journal; without one its state is as old as its start.",
    "Leave MEM_JOURNAL at always, or interval.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if deployment.keeps_standby and environment(deployment.container(SERVICE)).get("MEM_JOURNAL") == "off":
        yield "there is no journal to follow"


@rule(
    "standby-in-another-zone",
    "A standby that is always there is for the loss of a zone.",
    "Give subnets in two zones.",
)
def _(deployment: Deployment) -> Iterator[str]:
    network = deployment.service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    subnets = network.get("subnets", [])
    if deployment.service.get("desiredCount") == 2 and len(set(subnets)) < 2:
        yield "both tasks are in one subnet"


@rule(
    "task-to-task",
    "Tasks of the service reach each other on its port.",
    "Let the task's security group allow itself on PORT, and no wider range.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if deployment.stack is None:
        return
    group = {"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]}
    port = int(environment(deployment.container(SERVICE))["PORT"])
    among = [
        (found["FromPort"], found["ToPort"])
        for found in deployment.resources("AWS::EC2::SecurityGroupIngress")
        if found["GroupId"] == group and found.get("SourceSecurityGroupId") == group
    ]
    if among != [(port, port)]:
        yield f"the task's group lets itself in on {among or 'no port'}"


@rule(
    "grace-of-checks",
    "A large dump takes its time to load, and the load balancer's checks fail meanwhile.",
    "Set healthCheckGracePeriodSeconds to the startPeriod of the service's health check.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if not deployment.service.get("loadBalancers"):
        return
    start = deployment.container(SERVICE).get("healthCheck", {}).get("startPeriod", 0)
    grace = deployment.service.get("healthCheckGracePeriodSeconds", 0)
    if grace < start:
        yield f"ECS replaces a task whose target is unhealthy after {grace} s, and a start may take {start}"


@rule(
    "no-rebalancing",
    "Rebalancing replaces a task that is healthy, and each replacement of the writer is a hand-over.",
    "Set availabilityZoneRebalancing to DISABLED.",
)
def _(deployment: Deployment) -> Iterator[str]:
    if deployment.service.get("availabilityZoneRebalancing") != "DISABLED":
        yield "ECS may move the task between zones"


@rule(
    "rolling-deployment",
    "Blue/green moves all calls to tasks that are not the writer, before it stops the writer.",
    "Set deploymentController to ECS, and no other strategy than ROLLING.",
)
def _(deployment: Deployment) -> Iterator[str]:
    strategy = deployment.service.get("deploymentConfiguration", {}).get("strategy", "ROLLING")
    if deployment.service.get("deploymentController", {}).get("type", "ECS") != "ECS" or strategy != "ROLLING":
        yield "the service is deployed blue/green"
