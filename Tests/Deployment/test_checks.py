"""The checks of scripts/ecs-check detect faults."""

import contextlib
import io
import os
import unittest
from typing import Any
from unittest import mock

from gatehouse_ecs import check, cloudformation, documents, samples, terraform
from gatehouse_ecs.bindings import for_awscli
from gatehouse_ecs.checks import awscli_trial, equality, stack_tools, terraform_sources
from gatehouse_ecs.checks.local_cloud import Refused, local_cloud


def variant(name: str) -> dict[str, dict[str, Any]]:
    return {name: samples.variants()[name]}


class Equality(unittest.TestCase):
    def differences(self, change: Any, name: str = "fargate, everything on") -> list[str]:
        values = samples.variants()[name]
        stack = cloudformation.stack(values)
        change(stack["Resources"])
        with mock.patch.object(cloudformation, "stack", return_value=stack):
            return list(equality.differences(values))

    def test_all_stacks_are_the_same(self) -> None:
        for launch in ("fargate", "fargate-spot"):
            for name in (launch, f"{launch}, everything on"):
                self.assertEqual([], self.differences(lambda _: None, name))

    def test_any_difference_is_seen(self) -> None:
        def container(resources: dict[str, Any]) -> dict[str, Any]:
            return resources["TaskDefinition"]["Properties"]["ContainerDefinitions"][1]

        changes = {
            "task-definition.fargate.json": lambda r: container(r).update(StopTimeout=10),
            "service.json": lambda r: r["Service"]["Properties"].pop("AvailabilityZoneRebalancing"),
            "iam/task-role.json": lambda r: r["TaskRole"]["Properties"]["Policies"][0]["PolicyDocument"][
                "Statement"
            ].pop(),
            "iam/trust.json": lambda r: r["TaskRole"]["Properties"]["AssumeRolePolicyDocument"].update(Version="x"),
            "alarms.json": lambda r: r["DumpAgeAlarm"]["Properties"].update(Threshold=1),
            "metric-filters.json": lambda r: r["DumpAgeFilter"]["Properties"].update(FilterPattern="x"),
            "dashboard.json": lambda r: r["Dashboard"]["Properties"].update(
                DashboardBody={"Fn::Sub": '{"widgets": []}'}
            ),
        }
        for name, change in changes.items():
            with self.subTest(name):
                found = self.differences(change)
                self.assertTrue(found and all(line.startswith(name) for line in found), found)

    def test_a_secret_that_is_another_is_seen(self) -> None:
        def swap(resources: dict[str, Any]) -> None:
            secrets = resources["TaskDefinition"]["Properties"]["ContainerDefinitions"][1]["Secrets"]
            secrets[0]["ValueFrom"] = {"Ref": "JwtSecret"}

        self.assertEqual(1, len(self.differences(swap)))


class TerraformSources(unittest.TestCase):
    def found(self, file: str, old: str, new: str) -> list[str]:
        sources = terraform.sources()
        self.assertIn(old, sources[file])
        sources[file] = sources[file].replace(old, new)
        with mock.patch.object(terraform, "sources", return_value=sources):
            return list(terraform_sources.run(variant("fargate")))

    def test_they_are_in_order(self) -> None:
        self.assertEqual([], self.found("roles.tf", "", ""))

    def test_what_is_wrong_is_seen(self) -> None:
        for file, old, new, words in (
            ("roles.tf", "{", "[", "does not parse"),
            ("service.tf", "aws_iam_role.execution.arn", "aws_iam_role.executor.arn", "nothing declares"),
            ("service.tf", "local.service.desiredCount", "2", "local.service.desiredCount"),
            ("monitoring.tf", "local.alarms[each.key].Threshold", "1", "Threshold"),
            ("storage.tf", '"0750"', '"0777"', "permissions"),
            ("storage.tf", "encrypted        = true", "encrypted        = false", "encrypted"),
            ("monitoring.tf", '"aws_cloudwatch_dashboard"', '"aws_cloudwatch_board"', "aws_cloudwatch_dashboard"),
            ("variables.tf", 'variable "port" {', 'variable "harbour" {', "var.port"),
        ):
            with self.subTest(f"{file}: {new}"):
                found = self.found(file, old, new)
                self.assertTrue(any(words in line for line in found), found)


class Tools(unittest.TestCase):
    def test_cfn_lint_sees_a_property_that_does_not_exist(self) -> None:
        stack = cloudformation.stack(samples.variants()["fargate"])
        stack["Resources"]["Service"]["Properties"]["DesiredTasks"] = 1
        with mock.patch.object(cloudformation, "stack", return_value=stack):
            self.assertIn("DesiredTasks", "\n".join(stack_tools.cfn_lint(variant("fargate"))))

    def test_a_missing_tool_is_skipped_and_with_strict_a_failure(self) -> None:
        for strict, code in ((False, 0), (True, 1)):
            output = io.StringIO()
            with mock.patch.dict(os.environ, {"PATH": "/nowhere"}), contextlib.redirect_stdout(output):
                self.assertEqual(code, check.main(["--strict"] if strict else []))
            self.assertIn("there is no aws; scripts/setup --ecs installs it", output.getvalue())
            self.assertEqual(strict, "FAILED  cfn-lint" in output.getvalue())

    def test_rules_that_are_broken_fail_the_check(self) -> None:
        broken = [("rules", check._rules, True)]
        output = io.StringIO()
        with (
            mock.patch.object(check, "STEPS", tuple(broken)),
            mock.patch.object(documents, "service", return_value={"desiredCount": 2}),
            contextlib.redirect_stdout(output),
        ):
            self.assertEqual(1, check.main([]))
        self.assertIn("one-task", output.getvalue())


class LocalCloud(unittest.TestCase):
    def test_awscli_takes_what_is_rendered_and_refuses_what_is_not_in_its_model(self) -> None:
        bound = for_awscli(samples.variants()["fargate, everything on"])
        task = documents.task_definition("fargate", bound)
        with local_cloud() as cloud:
            register = ("ecs", "register-task-definition", "--cli-input-json")
            kept = cloud.call(*register, cloud.file(task))["taskDefinition"]
            self.assertEqual([], list(awscli_trial.lost(task, kept)))
            task["containerDefinitions"][0]["stopTimeOut"] = 1
            with self.assertRaisesRegex(Refused, "stopTimeOut"):
                cloud.call(*register, cloud.file(task))

    def test_a_whole_deployment_is_taken_and_what_is_refused_is_said(self) -> None:
        self.assertEqual([], list(awscli_trial.run(variant("fargate"))))
        refused = {"fargate-ebs": samples.variants()["fargate-ebs"] | {"cpu_architecture": 86}}
        self.assertRegex(
            "\n".join(awscli_trial.run(refused)), "fargate-ebs: aws ecs register-task-definition: .*cpuArch"
        )

    def test_no_account_is_asked(self) -> None:
        with (
            mock.patch.dict(os.environ, {"AWS_PROFILE": "real", "AWS_SECRET_ACCESS_KEY": "real"}),
            local_cloud() as cloud,
        ):
            self.assertNotIn("AWS_PROFILE", cloud.environment)
            self.assertEqual("nothing", cloud.environment["AWS_SECRET_ACCESS_KEY"])
            self.assertRegex(cloud.environment["AWS_ENDPOINT_URL"], r"^http://127\.0\.0\.1:\d+$")

    def test_what_did_not_come_back_is_lost(self) -> None:
        sent = {"a": 1, "b": [{"c": "x"}, {"c": "y"}], "d": True}
        self.assertEqual([], list(awscli_trial.lost(sent, sent | {"more": 1, "a": 1.0})))
        found = list(awscli_trial.lost(sent, {"a": 2, "b": [{"c": "x"}, {"c": "z"}]}))
        self.assertEqual(["/a", "/b/1/c", "/d"], [line.split(":")[0] for line in found])


if __name__ == "__main__":
    unittest.main()
