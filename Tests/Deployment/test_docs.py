"""The statements of docs/deploy/ecs.md and docs/operate/ are true."""

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
from gatehouse_ecs.checks.local_cloud import local_cloud
from gatehouse_ecs.template import ECS_DIRECTORY, read

ROOT = ECS_DIRECTORY.parent


def section(page: str, title: str) -> str:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands(text: str) -> str:
    return "".join(re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL))


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

    @unittest.skipUnless(shutil.which("jq"), "jq is missing")
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
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", "\n".join(script)],
                env=cloud.environment,
                cwd=directory,
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn("run gatehouse dump restore-check", done.stdout)
            policy = json.loads(Path(directory, "restore-policy.json").read_text(encoding="utf-8"))
            self.assertIn("access-point/", json.dumps(policy))
            # The old key was copied before the new one was made, and again at the second rotation.
            old = cloud.call("secretsmanager", "get-secret-value", "--secret-id", "gatehouse/old-keys")["SecretString"]
            self.assertEqual("first,first", old)
            for name in ("encryption-key", "jwt-secret", "sidecar-password", "admin-password"):
                secret = cloud.call("secretsmanager", "get-secret-value", "--secret-id", f"gatehouse/{name}")
                self.assertRegex(secret["SecretString"], r"^[^\s\"'\\]{48}$")
            # What was opened for the time of need is closed again.
            rules = cloud.call("ec2", "describe-security-groups", "--group-ids", group)["SecurityGroups"][0]
            self.assertEqual([], [rule for rule in rules["IpPermissions"] if rule.get("FromPort") == 5001])

    def test_the_commands_for_awscli_deploy_and_show_that_it_is_well(self) -> None:
        script = commands(section("deploy/ecs.md", "With awscli")) + commands(section("deploy/ecs.md", "Is it well?"))
        with local_cloud() as cloud, tempfile.TemporaryDirectory() as directory:
            network = awscli_trial.network(cloud)
            for placeholder, real in (
                ("vpc-0123456789abcdef0", network["vpc_id"]),
                ("subnet-0123456789abcdef0", network["subnets"][0]),
                ("subnet-0123456789abcdef1", network["subnets"][1]),
            ):
                self.assertIn(placeholder, script)
                script = script.replace(placeholder, real)
            # The stand-in runs no tasks, so no service becomes stable.
            script = re.sub(r"^aws ecs wait services-stable .*\n", "", script, flags=re.MULTILINE)
            for name in ("ecs", "scripts", "docs"):
                shutil.copytree(ROOT / name, Path(directory, name), ignore=shutil.ignore_patterns("variables.json"))
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
            service = cloud.call("ecs", "describe-services", "--cluster", "gatehouse", "--services", "gatehouse")
            self.assertEqual("ACTIVE", service["services"][0]["status"])
            alarms = cloud.call("cloudwatch", "describe-alarms")["MetricAlarms"]
            expected = documents.alarms(for_awscli(samples.variants()["fargate"]))
            self.assertEqual({alarm["AlarmName"] for alarm in expected}, {alarm["AlarmName"] for alarm in alarms})
            secret = cloud.call("secretsmanager", "get-secret-value", "--secret-id", "gatehouse/encryption-key")
            self.assertRegex(secret["SecretString"], r"^[A-Za-z0-9]{48}$")


if __name__ == "__main__":
    unittest.main()
