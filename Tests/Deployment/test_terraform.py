"""Terraform accepts the stack by its providers' schemas, and makes the resources of the documents."""

import unittest
from typing import Any

from gatehouse_ecs import samples, terraform
from gatehouse_ecs.checks import terraform_apply
from gatehouse_ecs.checks.terraform_apply import Refused, Resources
from gatehouse_ecs.checks.tools import Missing
from gatehouse_ecs.terraform_trial.wire import field, fields


def applied(files: dict[str, str]) -> Resources:
    try:
        return terraform_apply.apply(files)
    except Missing as error:
        raise unittest.SkipTest(str(error)) from error


def arguments(resources: Resources, kind: str) -> dict[str, Any]:
    return next(found for kind_found, found in resources if kind_found == kind)


class Refusals(unittest.TestCase):
    def test_what_the_provider_does_not_know_is_refused(self) -> None:
        for file, old, new, words in (
            ("storage.tf", "encrypted        = true", "encripted        = true", "encripted"),
            ("storage.tf", "  posix_user {", "  posix_owner {", "posix_owner"),
            ("service.tf", "  family  ", "  familly  ", "familly"),
            ("storage.tf", "uid = 10001", 'uid = "the service"', "number"),
            ("network.tf", "ip_protocol                  =", "protocol                     =", "ip_protocol"),
            ("service.tf", "aws_ecs_cluster.gatehouse.id", "aws_ecs_cluster.gatehouse.number", "number"),
            ("outputs.tf", "aws_efs_file_system.volume.id", "aws_efs_file_system.volumes.id", "volumes"),
        ):
            with self.subTest(f"{file}: {new.strip()}"):
                files = terraform.stack(samples.variants()["fargate"])
                self.assertIn(old, files[file])
                files[file] = files[file].replace(old, new, 1)
                with self.assertRaises(Refused) as refused:
                    applied(files)
                self.assertIn(words, str(refused.exception))

    def test_a_document_that_names_what_nothing_is_called_is_refused(self) -> None:
        files = terraform.stack(samples.variants()["fargate"])
        files["documents/alarms.json"] = files["documents/alarms.json"].replace("${cluster}", "${clutter}")
        with self.assertRaisesRegex(Refused, "clutter"):
            applied(files)


class Differences(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.values = samples.variants()["fargate, everything on"]
        cls.files = terraform.stack(cls.values)

    def made(self, file: str, old: str, new: str) -> list[str]:
        self.assertIn(old, self.files[file])
        resources = applied(self.files | {file: self.files[file].replace(old, new, 1)})
        return list(terraform_apply.differences(self.values, resources))

    def test_nothing_differs(self) -> None:
        self.assertEqual([], self.made("service.tf", "", ""))

    def test_what_differs_is_seen(self) -> None:
        for file, old, new, where in (
            ("service.tf", "local.service.desiredCount", "3", "service at /desiredCount"),
            ("service.tf", "local.service.availabilityZoneRebalancing", '"ENABLED"', "service at /availabilityZone"),
            ("service.tf", "jsonencode(local.containers)", "jsonencode([local.containers[0]])", "task definition at"),
            ("service.tf", "volume.value.efsVolumeConfiguration.transitEncryption", '"DISABLED"', "task definition at"),
            ("monitoring.tf", "local.alarms[each.key].TreatMissingData", '"missing"', "alarms at"),
            ("monitoring.tf", "local.filters[each.key].filterPattern", '"x"', "metric filters at"),
            ("roles.tf", "/task-role.json", "/execution-role.json", "iam/task-role.json at"),
            (
                "documents.tf",
                'aws_secretsmanager_secret.secret["jwt"].arn',
                'aws_secretsmanager_secret.secret["sidecar_password"].arn',
                "task definition at /containerDefinitions/0/secrets",
            ),
        ):
            with self.subTest(f"{file}: {new}"):
                found = self.made(file, old, new)
                self.assertTrue(any(where in line for line in found), found)

    def test_no_secret_is_in_what_terraform_keeps(self) -> None:
        version = arguments(applied(self.files), "aws_secretsmanager_secret_version")
        self.assertEqual((None, None, 1), tuple(version[f"secret_string{end}"] for end in ("", "_wo", "_wo_version")))


class Wire(unittest.TestCase):
    def test_fields_come_back(self) -> None:
        inner = field(1, "name") + field(300, 2**40)
        for number, value in ((1, 0), (2, 127), (3, 128), (16, 2**32), (2047, b""), (5, b"x" * 300), (6, inner)):
            with self.subTest(number):
                self.assertEqual({number: value, number + 1: 7}, fields(field(number, value) + field(number + 1, 7)))
        self.assertEqual({1: b"name", 300: 2**40}, fields(inner))


if __name__ == "__main__":
    unittest.main()
