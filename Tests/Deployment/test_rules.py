"""Each rule, and no other, detects its fault."""

import copy
import unittest
from collections.abc import Callable

from gatehouse_ecs import rules, samples
from gatehouse_ecs.rules import Deployment
from gatehouse_ecs.rules.rule import SERVICE, SIDECAR

Break = Callable[[Deployment], object]


def named(entries: list, name: str) -> dict:
    return next(entry for entry in entries if entry["name"] == name)


def set_environment(container: str, name: str, value: str) -> Break:
    return lambda d: named(d.container(container)["environment"], name).update(value=value)


def drop_environment(container: str, name: str) -> Break:
    return lambda d: d.container(container)["environment"].remove(named(d.container(container)["environment"], name))


def statement(d: Deployment, policy: str, sid: str) -> dict:
    return next(found for found in d.documents[f"iam/{policy}.json"]["Statement"] if found["Sid"] == sid)


def alarm(d: Deployment, metric: str) -> dict:
    return next(found for found in d.documents["alarms.json"] if found["MetricName"] == metric)


def resource(d: Deployment, name: str) -> dict:
    return d.stack["Resources"][name]


# The rule, the way to launch, and the change that breaks the rule.
BREAKS: list[tuple[str, str, Break]] = [
    (
        "secrets-in-secrets",
        "fargate",
        lambda d: d.container(SERVICE)["environment"].append({"name": "JWT_SECRET_KEY", "value": "x"}),
    ),
    (
        "sidecar-secrets",
        "fargate",
        lambda d: d.container(SIDECAR)["secrets"].append(named(d.container(SERVICE)["secrets"], "JWT_SECRET_KEY")),
    ),
    ("shared-secrets", "fargate", set_environment(SIDECAR, "SIDECAR_USERNAME", "other")),
    ("shared-secrets", "fargate", set_environment(SIDECAR, "PORT", "5002")),
    (
        "shared-secrets",
        "fargate",
        lambda d: named(d.container(SIDECAR)["secrets"], "MEM_ENCRYPTION_KEY").update(
            valueFrom=named(d.container(SIDECAR)["secrets"], "SIDECAR_PASSWORD")["valueFrom"]
        ),
    ),
    ("needed-secrets", "fargate", lambda d: _drop_everywhere(d, "SIDECAR_PASSWORD")),
    ("read-only-root", "ec2", lambda d: d.container(SIDECAR).pop("readonlyRootFilesystem")),
    ("non-root", "fargate", lambda d: d.container(SERVICE).update(user="0")),
    ("non-root", "fargate", lambda d: d.container(SIDECAR).pop("user")),
    ("no-privileges", "ec2", lambda d: d.container(SERVICE).update(privileged=True)),
    ("no-privileges", "fargate", lambda d: d.container(SIDECAR).pop("linuxParameters")),
    ("memory-mode", "fargate", set_environment(SERVICE, "THREADS", "4")),
    ("memory-mode", "fargate", set_environment(SERVICE, "MEM_OR_EXTERNAL", "REDIS")),
    ("production", "fargate", set_environment(SERVICE, "HTTPS_ONLY", "false")),
    ("production", "fargate", set_environment(SIDECAR, "ENV", "development")),
    ("logs", "fargate", lambda d: d.container(SIDECAR).pop("logConfiguration")),
    ("logs", "fargate", set_environment(SIDECAR, "LOG_FORMAT", "plain")),
    ("logs", "fargate", lambda d: d.container(SERVICE)["logConfiguration"]["options"].update(mode="blocking")),
    ("image-pinned", "fargate", lambda d: [c.update(image="registry.example/gatehouse:latest") for c in d.containers]),
    ("image-pinned", "fargate", lambda d: d.container(SIDECAR).update(image="registry.example/gatehouse:0.0.9")),
    (
        "known-settings",
        "fargate",
        lambda d: d.container(SERVICE)["environment"].append({"name": "MEM_AUTOSAVE_FREQ", "value": "60"}),
    ),
    ("fargate-size", "fargate", lambda d: d.task.update(memory="700")),
    ("fargate-size", "fargate-ebs", lambda d: d.task.update(cpu="300")),
    ("health-limits", "fargate", lambda d: d.container(SERVICE)["healthCheck"].update(startPeriod=301)),
    ("health-limits", "fargate", lambda d: d.container(SIDECAR)["healthCheck"].update(retries=0)),
    (
        "health-commands",
        "fargate",
        lambda d: d.container(SIDECAR)["healthCheck"].update(command=["CMD", "gatehouse-sidecar", "health"]),
    ),
    ("health-commands", "fargate", drop_environment(SIDECAR, "SIDECAR_METRICS_PORT")),
    ("sidecar-depends-on-service", "fargate", lambda d: d.container(SIDECAR).pop("dependsOn")),
    ("sidecar-depends-on-service", "ec2", lambda d: d.container(SIDECAR)["dependsOn"][0].update(condition="START")),
    (
        "service-depends-on-no-sidecar",
        "fargate",
        lambda d: d.container(SERVICE).update(dependsOn=[{"containerName": SIDECAR, "condition": "START"}]),
    ),
    ("no-start-timeout", "fargate", lambda d: d.container(SERVICE).update(startTimeout=120)),
    ("both-essential", "fargate", lambda d: d.container(SIDECAR).update(essential=False)),
    ("one-task", "fargate", lambda d: d.service["deploymentConfiguration"].update(maximumPercent=200)),
    ("one-task", "fargate", lambda d: d.service.update(desiredCount=2)),
    ("one-task", "fargate", lambda d: d.service["deploymentConfiguration"].update(minimumHealthyPercent=100)),
    (
        "one-task",
        "fargate-ebs, everything on",
        lambda d: d.service["deploymentConfiguration"].update(maximumPercent=200),
    ),
    ("standby", "fargate, balanced", lambda d: d.service["deploymentConfiguration"].update(minimumHealthyPercent=0)),
    ("standby", "fargate, balanced", lambda d: d.service["deploymentConfiguration"].update(maximumPercent=100)),
    ("standby", "fargate, balanced", lambda d: d.service["deploymentConfiguration"].update(maximumPercent=300)),
    ("standby", "fargate, everything on", lambda d: d.service.update(desiredCount=3)),
    ("standby", "ec2, everything on", lambda d: d.service.update(schedulingStrategy="DAEMON")),
    (
        "standby-follows",
        "fargate, balanced",
        lambda d: d.container(SERVICE)["environment"].append({"name": "MEM_JOURNAL", "value": "off"}),
    ),
    ("standby-in-another-zone", "fargate, everything on", lambda d: _network(d)["subnets"].pop()),
    ("task-to-task", "fargate", lambda d: d.stack["Resources"].pop("TaskToTask")),
    ("task-to-task", "fargate", lambda d: resource(d, "TaskToTask")["Properties"].update(ToPort=65535)),
    ("task-to-task", "fargate", lambda d: resource(d, "TaskToTask")["Properties"].update(FromPort=5000, ToPort=5000)),
    ("grace-of-checks", "fargate, balanced", lambda d: d.service.update(healthCheckGracePeriodSeconds=60)),
    ("grace-of-checks", "fargate, everything on", lambda d: d.service.pop("healthCheckGracePeriodSeconds")),
    ("no-rebalancing", "fargate", lambda d: d.service.pop("availabilityZoneRebalancing")),
    ("rolling-deployment", "fargate", lambda d: d.service["deploymentController"].update(type="CODE_DEPLOY")),
    ("rolling-deployment", "fargate", lambda d: d.service["deploymentConfiguration"].update(strategy="BLUE_GREEN")),
    ("stop-budget", "fargate", set_environment(SIDECAR, "DRAIN_DEADLINE", "116")),
    ("stop-budget", "fargate", lambda d: d.container(SERVICE).update(stopTimeout=121)),
    ("stop-budget", "fargate", lambda d: d.container(SERVICE).update(stopTimeout=10)),
    ("stop-budget", "fargate-spot", lambda d: d.container(SERVICE).update(stopTimeout=60)),
    ("drain-grace", "fargate, everything on", set_environment(SERVICE, "DRAIN_GRACE", "5")),
    ("drain-grace", "fargate, everything on", drop_environment(SERVICE, "DRAIN_GRACE")),
    ("drain-grace", "fargate, everything on", set_environment(SERVICE, "DRAIN_GRACE", "91")),
    ("drain-grace", "fargate-spot, everything on", set_environment(SERVICE, "DRAIN_GRACE", "26")),
    ("drain-grace", "fargate, everything on", lambda d: d.container(SERVICE).update(stopTimeout=39)),
    (
        "drain-grace",
        "fargate",
        lambda d: d.container(SERVICE)["environment"].append({"name": "DRAIN_GRACE", "value": "10"}),
    ),
    ("auto-save", "fargate", set_environment(SERVICE, "MEM_AUTO_SAVE_ENABLED", "false")),
    ("auto-save", "fargate", drop_environment(SERVICE, "MEM_AUTO_SAVE_MAX_AGE")),
    ("circuit-breaker", "fargate", lambda d: d.service["deploymentConfiguration"].pop("deploymentCircuitBreaker")),
    ("ebs-needs-copies", "fargate-ebs", lambda d: _without_copies(d)),
    ("ebs-restores-first", "fargate-ebs", lambda d: d.container(SERVICE).pop("dependsOn")),
    ("ebs-restores-first", "fargate-ebs", lambda d: d.containers.remove(d.container("newest-copy"))),
    ("ebs-restores-first", "fargate-ebs", lambda d: d.container("newest-copy").pop("dependsOn")),
    ("ebs-restores-first", "fargate-ebs", lambda d: d.container("newest-copy").update(command=["gatehouse-sidecar"])),
    ("ebs-restores-first", "fargate-ebs", set_environment("newest-copy", "OFFSITE_S3_PREFIX", "other/")),
    ("task-protection", "fargate", set_environment(SIDECAR, "SIDECAR_TASK_PROTECTION", "false")),
    (
        "task-protection",
        "fargate",
        lambda d: d.documents["iam/task-role.json"]["Statement"].remove(statement(d, "task-role", "ProtectTask")),
    ),
    ("one-volume", "fargate", lambda d: d.container(SIDECAR)["mountPoints"][0].update(readOnly=True)),
    ("one-volume", "fargate", lambda d: d.container(SERVICE).pop("mountPoints")),
    ("dump-path", "fargate", set_environment(SIDECAR, "MEM_DUMP_PATH", "/app/backend-services/generated/other.bin")),
    (
        "dump-path",
        "fargate",
        lambda d: [named(c["environment"], "MEM_DUMP_PATH").update(value="/tmp/memory_dump.bin") for c in d.programs],
    ),
    ("efs-access", "fargate", lambda d: _efs(d).update(transitEncryption="DISABLED")),
    ("efs-access", "fargate", lambda d: _efs(d)["authorizationConfig"].pop("iam")),
    ("efs-access", "ec2", lambda d: _efs(d)["authorizationConfig"].pop("accessPointId")),
    ("efs-access", "fargate", lambda d: _efs(d).update(rootDirectory="/generated")),
    ("volume-kind", "fargate", lambda d: d.task["volumes"][0].pop("efsVolumeConfiguration")),
    ("volume-kind", "fargate-ebs", lambda d: d.service.pop("volumeConfigurations")),
    (
        "encrypted-volume",
        "fargate-ebs",
        lambda d: d.service["volumeConfigurations"][0]["managedEBSVolume"].update(encrypted=False),
    ),
    ("encrypted-volume", "fargate", lambda d: resource(d, "FileSystem")["Properties"].update(Encrypted=False)),
    ("encrypted-volume", "fargate", lambda d: resource(d, "FileSystem")["Properties"].pop("BackupPolicy")),
    ("access-point", "fargate", lambda d: resource(d, "AccessPoint")["Properties"]["PosixUser"].update(Uid="0")),
    ("retained", "fargate", lambda d: resource(d, "EncryptionKeySecret").pop("DeletionPolicy")),
    ("named-actions", "fargate", lambda d: statement(d, "execution-role", "WriteLogs").update(Action="logs:*")),
    ("named-resources", "fargate", lambda d: statement(d, "execution-role", "WriteLogs").update(Resource="*")),
    (
        "named-resources",
        "fargate",
        lambda d: statement(d, "task-role", "ProtectTask").update(Resource="arn:aws:ecs:*:123456789012:task/*"),
    ),
    (
        "exact-secrets",
        "fargate",
        lambda d: statement(d, "execution-role", "ReadSecrets")["Resource"].append(samples.secret("other")),
    ),
    ("exact-secrets", "fargate", lambda d: statement(d, "execution-role", "ReadSecrets")["Resource"].pop()),
    ("tls-only", "fargate", lambda d: d.documents["iam/file-system-policy.json"]["Statement"].pop(0)),
    ("tls-only", "ec2", lambda d: d.documents.pop("iam/file-system-policy.json")),
    ("mount-permission", "fargate", lambda d: statement(d, "task-role", "MountVolume").pop("Condition")),
    (
        "mount-permission",
        "fargate",
        lambda d: statement(d, "task-role", "MountVolume")["Action"].append("elasticfilesystem:ClientRootAccess"),
    ),
    ("trust", "fargate", lambda d: statement(d, "trust", "TasksOfThisAccount").pop("Condition")),
    ("trust", "fargate", lambda d: statement(d, "trust", "TasksOfThisAccount").update(Principal={"AWS": "*"})),
    (
        "copies-permission",
        "fargate-ebs",
        lambda d: d.documents["iam/task-role.json"]["Statement"].remove(statement(d, "task-role", "ListCopies")),
    ),
    ("dump-age-threshold", "fargate", lambda d: alarm(d, "DumpAge").update(Threshold=3900)),
    ("alarms", "fargate", lambda d: d.documents["alarms.json"].remove(alarm(d, "DrainsFailed"))),
    ("alarms", "fargate-ebs", lambda d: d.documents["alarms.json"].remove(alarm(d, "OffsiteLag"))),
    ("alarms", "fargate-ebs", lambda d: d.documents["alarms.json"].remove(alarm(d, "OffsiteJournalLag"))),
    ("alarms", "fargate", lambda d: d.documents["alarms.json"].remove(alarm(d, "JournalMissing"))),
    ("alarms", "fargate", lambda d: d.documents["alarms.json"].remove(alarm(d, "DamagedJournals"))),
    ("alarms", "fargate", lambda d: d.documents["alarms.json"].remove(alarm(d, "Writers"))),
    ("alarms", "fargate, balanced", lambda d: d.documents["alarms.json"].remove(alarm(d, "StandbyLag"))),
    ("alarms", "fargate, everything on", lambda d: d.documents["alarms.json"].remove(alarm(d, "StandbysReady"))),
    (
        "silence-alarms",
        "fargate, everything on",
        lambda d: alarm(d, "StandbysReady").update(TreatMissingData="notBreaching"),
    ),
    ("silence-alarms", "fargate", lambda d: alarm(d, "StatusLines").update(TreatMissingData="missing")),
    ("metrics-have-filters", "fargate", lambda d: alarm(d, "DamagedDumps").update(Namespace="Gatehouse")),
    (
        "filters-read-the-log",
        "fargate",
        lambda d: d.documents["metric-filters.json"][0].update(logGroupName="/ecs/other"),
    ),
    (
        "known-figures",
        "fargate",
        lambda d: d.documents["metric-filters.json"][2]["metricTransformations"][0].update(metricValue="$.dump_age"),
    ),
    ("status-lines", "fargate", set_environment(SIDECAR, "SIDECAR_STATUS_EVERY", "10m")),
    ("status-lines", "fargate", set_environment(SIDECAR, "LOG_LEVEL", "WARNING")),
]


def _network(d: Deployment) -> dict:
    return d.service["networkConfiguration"]["awsvpcConfiguration"]


def _efs(d: Deployment) -> dict:
    return d.task["volumes"][0]["efsVolumeConfiguration"]


def _drop_everywhere(d: Deployment, secret: str) -> None:
    for program in d.programs:
        found = named(program["secrets"], secret)
        program["secrets"].remove(found)
    statement(d, "execution-role", "ReadSecrets")["Resource"].remove(found["valueFrom"])


def _without_copies(d: Deployment) -> None:
    for name in (SIDECAR, "newest-copy"):
        container = d.container(name)
        container["environment"] = [found for found in container["environment"] if "OFFSITE_" not in found["name"]]
    policy = d.documents["iam/task-role.json"]
    policy["Statement"] = [found for found in policy["Statement"] if found["Sid"] not in ("CopyDumps", "ListCopies")]


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.sound = {name: samples.deployment(values) for name, values in samples.variants().items()}

    def test_the_templates_keep_every_rule(self) -> None:
        for name, deployment in self.sound.items():
            with self.subTest(name):
                self.assertEqual([], rules.check(deployment))

    def test_the_first_start_on_ebs_keeps_every_rule_and_fetches_nothing(self) -> None:
        values = samples.variants()["fargate-ebs"] | {"first_start": True}
        deployment = samples.deployment(values)
        self.assertEqual([], list(map(str, rules.check(deployment))))
        self.assertNotIn("newest-copy", [container["name"] for container in deployment.containers])

    def test_each_break_is_caught_by_its_rule_alone(self) -> None:
        for number, (rule, launch, breaks) in enumerate(BREAKS):
            with self.subTest(f"{rule}, {launch}, break {number}"):
                deployment = copy.deepcopy(self.sound[launch])
                breaks(deployment)
                self.assertEqual({rule}, {finding.rule.id for finding in rules.check(deployment)})

    def test_each_rule_has_a_break(self) -> None:
        self.assertEqual({rule.id for rule in rules.RULES}, {rule for rule, _, _ in BREAKS})

    def test_each_rule_has_an_id_of_its_own_and_says_what_to_do(self) -> None:
        self.assertEqual(len(rules.RULES), len({rule.id for rule in rules.RULES}))
        for rule in rules.RULES:
            with self.subTest(rule.id):
                self.assertTrue(rule.sentence.endswith("."))
                self.assertTrue(rule.remedy.endswith("."))


if __name__ == "__main__":
    unittest.main()
