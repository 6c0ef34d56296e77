"""The statements of docs/deploy/ and docs/operate/ are true, and their commands pass."""

import json
import re
import shutil
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path

from gatehouse_ecs import documents, samples
from gatehouse_ecs.bindings import for_awscli
from gatehouse_ecs.checks import awscli_trial
from gatehouse_ecs.checks.local_cloud import LocalCloud, local_cloud
from gatehouse_ecs.limits import TARGET_HEALTH, StopBudget, default_stop_timeout
from gatehouse_ecs.template import ECS_DIRECTORY, read

ROOT = ECS_DIRECTORY.parent
# The stand-in for AWS runs no tasks and no registry, so nothing can be waited for, pushed or asked.
STAND_INS = """
aws() { [ "$2" = wait ] || command aws "$@"; }
docker() { [ "$1" != login ] || cat >/dev/null; echo "docker $*"; }
scripts/build-image() { echo "build $GATEHOUSE_IMAGE"; }
curl() { echo "curl $*"; }
as() { echo "as $*"; }
host=gatehouse.example.com url=https://gatehouse.example.com
"""


def section(page: str, title: str) -> str:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands(text: str) -> str:
    return "".join(re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL))


def page_commands(page: str) -> str:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.findall(r"^( *)```sh\n(.*?)^ *```", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(textwrap.dedent(block) for _, block in found)


def blocks(page: str, title: str) -> str:
    """The commands below each heading that has these words."""
    found, level, block = "", 0, None
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines(keepends=True):
        if block is not None:
            if line.strip() == "```":
                found += textwrap.dedent(block)
                block = None
            else:
                block += line
        elif level and line.strip() == "```sh":
            block = ""
        elif heading := re.match(r"(#+) (.+)", line):
            if title in heading[2]:
                level = level or len(heading[1])
            elif level and len(heading[1]) <= level:
                level = 0
    return found


def thresholds(target: dict) -> tuple[int, int]:
    return target["HealthyThresholdCount"], target["UnhealthyThresholdCount"]


def upgrade(tool: str) -> str:
    """The commands of an upgrade on ECS with one tool."""
    text = section("deploy/upgrade.md", "On ECS")
    return commands(text.split("\n### ")[0]) + commands(text.split(f"\n### {tool}\n")[1].split("\n### ")[0])


class Documentation(unittest.TestCase):
    def test_each_alarm_has_a_section_and_each_section_an_alarm(self) -> None:
        text = (ROOT / "docs/operate/alarms.md").read_text(encoding="utf-8")
        names = [alarm["AlarmName"].removeprefix("${name}-") for alarm in read("alarms.json")]
        self.assertEqual(sorted(names), sorted(re.findall(r"^## (.+)$", text, flags=re.MULTILINE)))

    def test_each_alarm_says_whether_data_is_at_risk_and_what_to_do_first(self) -> None:
        parts = ["Meaning", "Data at risk", "First safe action", "Diagnosis", "Fix", "Verify"]
        for alarm in read("alarms.json"):
            name = alarm["AlarmName"].removeprefix("${name}-")
            with self.subTest(alarm=name):
                text = section("operate/alarms.md", name)
                self.assertEqual(parts, re.findall(r"^### (.+)$", text, flags=re.MULTILINE))
                for part in parts:
                    self.assertRegex(text, rf"\n### {part}\n\n\S", f"'{part}' is empty")
                self.assertRegex(text, r"\n### Data at risk\n\n(Yes|No|Unknown)[,. ]")

    def test_the_description_of_each_alarm_names_its_section(self) -> None:
        for alarm in read("alarms.json"):
            name = alarm["AlarmName"].removeprefix("${name}-")
            self.assertTrue(alarm["AlarmDescription"].endswith(f" What to do: docs/operate/alarms.md#{name}"), name)

    def test_the_messages_that_have_a_row_for_trouble_are_in_the_programs(self) -> None:
        sources = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "Sources").rglob("*.swift")))
        messages = re.findall(
            r"^\| `([^`]+)`", section("operate/troubleshooting.md", "Log messages"), flags=re.MULTILINE
        )
        self.assertGreater(len(messages), 25)
        for message in messages:
            self.assertIn(message, sources)

    def test_the_commands_for_whoever_is_on_call_pass_with_awscli(self) -> None:
        with local_cloud() as cloud, tempfile.TemporaryDirectory() as directory:
            values = samples.variants()["fargate"] | awscli_trial.network(cloud) | {"name": "gatehouse"}
            made = documents.all_of(for_awscli(values))
            trust = cloud.file(made["iam/trust.json"])
            cloud.call("iam", "create-role", "--role-name", "gatehouse-task", "--assume-role-policy-document", trust)
            for name in ("encryption-key", "jwt-secret", "sidecar-password", "admin-password"):
                cloud.call("secretsmanager", "create-secret", "--name", f"gatehouse/{name}", "--secret-string", "first")
            cloud.call("ecs", "create-cluster", "--cluster-name", values["name"])
            task = made["task-definition.fargate.json"] | {
                "taskRoleArn": "arn:aws:iam::123456789012:role/gatehouse-task"
            }
            cloud.call("ecs", "register-task-definition", "--cli-input-json", cloud.file(task))
            cloud.call("ecs", "create-service", "--cli-input-json", cloud.file(made["service.json"]))
            group = made["service.json"]["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"][0]
            script = [
                # The stand-in runs no tasks, so nothing can be waited for and no gateway answers.
                'aws() { [ "$2" = wait ] || command aws "$@"; }',
                'url=http://127.0.0.1; as() { echo "as $*"; }',
                blocks("operate/connect.md", "Set the names"),
                blocks("operate/connect.md", "AWS CloudShell in the VPC"),
                blocks("operate/connect.md", "Read the password"),
                'run() { echo "run $*"; }',
                blocks("operate/connect.md", "Ask for a dump without a shell"),
                blocks("operate/rotate-secrets.md", "on ECS"),
                blocks("operate/restore.md", "From a backup of EFS"),
            ]
            self.assertIn("run gatehouse dump restore-check", self.run_shell(cloud, directory, "\n".join(script)))
            policy = json.loads(Path(directory, "restore-policy.json").read_text(encoding="utf-8"))
            self.assertIn("access-point/", json.dumps(policy))
            # The old key was copied before the new one was made, and again at the second rotation.
            old = cloud.call("secretsmanager", "get-secret-value", "--secret-id", "gatehouse/old-keys")["SecretString"]
            self.assertEqual("first,first", old)
            for name in ("encryption-key", "jwt-secret", "sidecar-password", "admin-password"):
                secret = cloud.call("secretsmanager", "get-secret-value", "--secret-id", f"gatehouse/{name}")
                self.assertRegex(secret["SecretString"], r"^[^\s\"'\\]{48}$")
            # Nothing was opened for the time of need.
            rules = cloud.call("ec2", "describe-security-groups", "--group-ids", group)["SecurityGroups"][0]
            self.assertEqual([], [rule for rule in rules["IpPermissions"] if rule.get("FromPort") == 5001])

    def test_the_commands_of_alarms_that_only_amazon_raises_pass_with_awscli(self) -> None:
        with local_cloud() as cloud, tempfile.TemporaryDirectory() as directory:
            made = cloud.call(
                "efs", "create-file-system", "--creation-token", "volume", "--throughput-mode", "bursting"
            )
            names = {"FileSystemId": made["FileSystemId"], "ClusterName": "gatehouse", "ServiceName": "gatehouse"}
            figures = [
                ("EFS", "PercentIOLimit", 91),
                ("EFS", "BurstCreditBalance", 5),
                ("ECS", "MemoryUtilization", 86),
            ]
            for service, metric, figure in figures:
                listed = {
                    name: value for name, value in names.items() if (name == "FileSystemId") == (service == "EFS")
                }
                dimensions = [{"Name": name, "Value": value} for name, value in listed.items()]
                data = cloud.file([{"MetricName": metric, "Dimensions": dimensions, "Value": figure}])
                cloud.call("cloudwatch", "put-metric-data", "--namespace", f"AWS/{service}", "--metric-data", data)
            cloud.call("s3api", "create-bucket", "--bucket", "gatehouse-copies")
            cloud.call("s3api", "put-object", "--bucket", "gatehouse-copies", "--key", "gatehouse/memory_dump-1.bin")
            values = samples.variants()["fargate"] | {"offsite_bucket": "gatehouse-copies"}
            task = documents.all_of(for_awscli(values))["task-definition.fargate.json"]
            cloud.call("ecs", "register-task-definition", "--cli-input-json", cloud.file(task))
            script = f"""
            # The stand-in changes no file system: it answers an error to what awscli has sent.
            aws() {{
              [ "$2" = update-file-system ] || {{ command aws "$@"; return; }}
              AWS_MAX_ATTEMPTS=1 command aws "$@" 2>&1 | grep -o 'calling the UpdateFileSystem operation' || :
            }}
            # No gateway answers, and no task logs.
            as() {{ jq -cn '{{asked: $ARGS.positional}}' --args -- "$@"; }}
            said() {{ :; }}
            url=http://127.0.0.1 CLUSTER=gatehouse SERVICE=gatehouse TASKDEF={task["family"]} FILE_SYSTEM={made["FileSystemId"]}
            """
            for alarm in ("dump-age", "memory", "volume-limit", "volume-credits", "offsite-lag"):
                script += f"\necho '{alarm}:'\n" + blocks("operate/alarms.md", alarm)
            output = self.run_shell(cloud, directory, script)
            told = dict(zip(*[iter(re.split(r"^([a-z-]+):$", output, flags=re.MULTILINE)[1:])] * 2, strict=True))
            self.assertIn('"-X","POST"', told["dump-age"])
            self.assertRegex(told["memory"], r"\s86\.0\n")
            self.assertRegex(told["volume-limit"], r"\s91\.0\n")
            self.assertRegex(told["volume-credits"], r"BurstCreditBalance:Minimum\n\S+\s5\.0\n")
            self.assertIn("calling the UpdateFileSystem operation", told["volume-credits"])
            self.assertIn("gatehouse/memory_dump-1.bin", told["offsite-lag"])

    def run_page(self, cloud: LocalCloud, script: str) -> str:
        """The output of the commands of a page, run in a copy of the parts of the clone that they need."""
        network = awscli_trial.network(cloud)
        subnets = [subnet["SubnetId"] for subnet in cloud.call("ec2", "describe-subnets")["Subnets"]]
        script = script.replace("vpc-0123456789abcdef0", network["vpc_id"])
        for number, subnet in enumerate(subnets[:4]):
            script = script.replace(f"subnet-0123456789abcdef{number}", subnet)
        with tempfile.TemporaryDirectory() as directory:
            for name in ("ecs", "scripts", "docs"):
                shutil.copytree(ROOT / name, Path(directory, name), ignore=shutil.ignore_patterns("variables.json"))
            return self.run_shell(cloud, directory, STAND_INS + script)

    def run_shell(self, cloud: LocalCloud, directory: str, script: str) -> str:
        """The output of a script that must pass."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env=cloud.environment,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def assert_deployed(self, cloud: LocalCloud) -> None:
        service = cloud.call("ecs", "describe-services", "--cluster", "gatehouse", "--services", "gatehouse")
        self.assertEqual("ACTIVE", service["services"][0]["status"])
        alarms = cloud.call("cloudwatch", "describe-alarms")["MetricAlarms"]
        expected = documents.alarms(for_awscli(samples.variants()["fargate"]))
        self.assertEqual({alarm["AlarmName"] for alarm in expected}, {alarm["AlarmName"] for alarm in alarms})
        secret = cloud.call("secretsmanager", "get-secret-value", "--secret-id", "gatehouse/encryption-key")
        self.assertRegex(secret["SecretString"], r"^[A-Za-z0-9]{48}$")

    def assert_upgraded(self, cloud: LocalCloud) -> None:
        service = cloud.call("ecs", "describe-services", "--cluster", "gatehouse", "--services", "gatehouse")
        name = service["services"][0]["taskDefinition"]
        task = cloud.call("ecs", "describe-task-definition", "--task-definition", name)["taskDefinition"]
        images = {container["image"] for container in task["containerDefinitions"]}
        self.assertEqual({"registry.example/gatehouse:0.2.0"}, images)

    def test_the_commands_for_awscli_deploy_and_upgrade(self) -> None:
        with local_cloud() as cloud:
            script = page_commands("deploy/ecs-awscli.md")
            script += commands(section("deploy/ecs.md", "Check the deployment"))
            self.run_page(cloud, script + upgrade("With awscli"))
            self.assert_deployed(cloud)
            self.assert_upgraded(cloud)

    def test_the_commands_for_cloudformation_deploy_and_upgrade(self) -> None:
        with local_cloud() as cloud:
            certificate = cloud.call("acm", "request-certificate", "--domain-name", "gatehouse.example.com")
            script = page_commands("deploy/ecs.md").split("aws cloudformation delete-stack")[0]
            made = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
            self.assertIn(made, script)
            script = script.replace(made, certificate["CertificateArn"])
            output = self.run_page(cloud, script + upgrade("With CloudFormation"))
            for told in ("Successfully created/updated stack - gatehouse", "\ntrue\ntrue\nHTTPS\n"):
                self.assertIn(told, output)
            self.assertRegex(output, r'as -X PUT .* "xff_trusted_proxies": \[')
            # The stand-in makes neither secrets nor alarms of a stack, and forgets its load balancer.
            stack = cloud.call("cloudformation", "describe-stacks", "--stack-name", "gatehouse")["Stacks"][0]
            self.assertEqual("UPDATE_COMPLETE", stack["StackStatus"])
            image = {"ParameterKey": "Image", "ParameterValue": "registry.example/gatehouse:0.2.0"}
            self.assertEqual([image], stack["Parameters"])
            service = cloud.call("ecs", "describe-services", "--cluster", "gatehouse", "--services", "gatehouse")
            self.assertEqual("ACTIVE", service["services"][0]["status"])
            targets = cloud.call("elbv2", "describe-target-groups")["TargetGroups"]
            template = cloud.call("cloudformation", "get-template", "--stack-name", "gatehouse")["TemplateBody"]
            balancers = template["Resources"]["Service"]["Properties"]["LoadBalancers"]
            self.assertEqual([target["TargetGroupArn"] for target in targets], [b["TargetGroupArn"] for b in balancers])
            names = ("Path", "IntervalSeconds", "TimeoutSeconds")
            found = {(*(target[f"HealthCheck{name}"] for name in names), *thresholds(target)) for target in targets}
            self.assertEqual({tuple(TARGET_HEALTH.values())}, found)
            delay = StopBudget.of(default_stop_timeout("fargate")).deregistration_delay
            self.assertIn(f"deregistration_delay.timeout_seconds,Value={delay} ", script)


if __name__ == "__main__":
    unittest.main()
