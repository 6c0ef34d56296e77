"""Rendering of variables to files: which variables are refused, and what the files contain."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from gatehouse_ecs import render, samples
from gatehouse_ecs.bindings import repository_of, settle
from gatehouse_ecs.limits import BALANCER_LAG, DRAIN_MARGIN, FINISHING, LAST_DUMP, StopBudget
from gatehouse_ecs.render import files
from gatehouse_ecs.rules.rule import SERVICE, check, environment
from gatehouse_ecs.template import ECS_DIRECTORY, Attribute, fill
from gatehouse_ecs.variables import LAUNCHES, VARIABLES, Faults


def faults(**changes: object) -> list[str]:
    given = {name: value for name, value in (samples.example() | changes).items() if value != "ABSENT"}
    try:
        settle(given)
    except Faults as error:
        return error.faults
    return []


class Variables(unittest.TestCase):
    def assert_fault(self, beginning: str, words: str, **changes: object) -> None:
        found = faults(**changes)
        self.assertEqual(1, len(found), found)
        self.assertTrue(found[0].startswith(beginning), found)
        self.assertIn(words, found[0])

    def test_the_example_is_in_order(self) -> None:
        self.assertEqual([], faults())

    def test_a_misspelt_variable_gets_a_suggestion(self) -> None:
        self.assert_fault("stop_timout:", "did you mean stop_timeout?", stop_timout=60)

    def test_a_wrong_type_is_refused_with_what_it_takes(self) -> None:
        self.assert_fault("port:", 'is "5001"; it takes a whole number', port="5001")
        self.assert_fault("port:", "whole number", port=True)
        self.assert_fault("public_ip:", "true", public_ip="yes")
        self.assert_fault("subnets:", "list of subnets", subnets="subnet-1")
        self.assert_fault("subnets:", "list of subnets", subnets=[])
        self.assert_fault("clients:", "CIDR", clients=["10.0.0.0"])

    def test_out_of_range_is_refused(self) -> None:
        self.assert_fault("port:", "from 1024 to 65535", port=80)
        self.assert_fault("log_retention_days:", "one of 1, 3, 5", log_retention_days=4)

    def test_a_required_variable_must_be_there(self) -> None:
        self.assert_fault("vpc_id:", "is missing", vpc_id="ABSENT")

    def test_everything_wrong_is_said_at_once(self) -> None:
        self.assertEqual(3, len(faults(port=80, name="Gate House", colour="red")))

    def test_text_that_terraform_would_read_as_a_template_is_refused(self) -> None:
        self.assert_fault("admin_email:", "e-mail", admin_email="${x}@example.com")

    def test_an_image_must_not_move(self) -> None:
        self.assert_fault("image:", "latest", image="registry.example/gatehouse:latest")
        self.assert_fault("image:", "no tag", image="registry.example:5000/gatehouse")
        self.assertEqual([], faults(image="registry.example/gatehouse@sha256:" + "0" * 64))

    def test_fargate_takes_certain_sizes_only(self) -> None:
        self.assert_fault("cpu:", "Fargate takes 256, 512", cpu=300)
        self.assert_fault("memory:", "1024, 2048, 3072, 4096", memory=512)
        self.assertEqual([], faults(cpu=300, memory=700, launch="ec2"))

    def test_stop_times_stay_within_what_ecs_gives(self) -> None:
        self.assert_fault("stop_timeout:", "at most 120", stop_timeout=121)
        self.assert_fault("stop_timeout:", "at most 55", stop_timeout=56, launch="fargate-spot")

    def test_a_grace_for_the_load_balancer_fits_into_the_stop(self) -> None:
        group = samples.EVERYTHING["target_group_arn"]
        self.assert_fault("stop_timeout:", "at least 36", stop_timeout=35, target_group_arn=group)
        self.assertEqual([], faults(stop_timeout=36, target_group_arn=group))
        self.assertEqual([], faults(stop_timeout=35))
        for variant, grace in (("fargate", None), ("fargate, everything on", "10")):
            deployment = samples.deployment(samples.variants()[variant])
            self.assertEqual(grace, environment(deployment.container(SERVICE)).get("DRAIN_GRACE"))

    def test_a_second_task_needs_a_load_balancer_two_zones_and_a_shared_volume(self) -> None:
        group = samples.EVERYTHING["target_group_arn"]
        self.assert_fault("desired_count:", "set target_group_arn", desired_count=2)
        self.assert_fault("desired_count:", "two zones", desired_count=2, target_group_arn=group, subnets=["subnet-1"])
        on_ebs = {"launch": "fargate-ebs", "offsite_bucket": "copies"}
        self.assert_fault("desired_count:", "a volume of its own", desired_count=2, target_group_arn=group, **on_ebs)
        self.assert_fault("desired_count:", "from 1 to 2", desired_count=3, target_group_arn=group)
        self.assertEqual([], faults(desired_count=2, target_group_arn=group))

    def test_a_standby_is_there_with_a_load_balancer_only(self) -> None:
        expected = {
            "fargate": (1, 0, 100),
            "fargate, balanced": (1, 100, 200),
            "fargate-spot, everything on": (2, 100, 200),
            "fargate-ebs, everything on": (1, 0, 100),
        }
        for variant, numbers in expected.items():
            with self.subTest(variant):
                service = samples.deployment(samples.variants()[variant]).service
                found = service["deploymentConfiguration"]
                kept = (service["desiredCount"], found["minimumHealthyPercent"], found["maximumPercent"])
                self.assertEqual(numbers, kept)

    def test_alarms_on_standbys_are_there_with_standbys_only(self) -> None:
        expected = {
            "fargate": {"two-writers"},
            "fargate, balanced": {"two-writers", "standby-lag"},
            "fargate, everything on": {"two-writers", "standby-lag", "no-standby"},
        }
        for variant, names in expected.items():
            with self.subTest(variant):
                alarms = samples.deployment(samples.variants()[variant]).documents["alarms.json"]
                found = {alarm["AlarmName"].removeprefix("gatehouse-") for alarm in alarms}
                self.assertEqual(names, found & {"two-writers", "standby-lag", "no-standby"})

    def test_the_alarm_on_age_leaves_the_timer_room(self) -> None:
        self.assert_fault("dump_age_alarm:", "more than 3900", dump_age_alarm=3900)
        self.assertEqual([], faults(dump_age_alarm=3901))

    def test_a_volume_that_goes_with_the_task_needs_copies(self) -> None:
        self.assert_fault("offsite_bucket:", "deletes the volume", launch="fargate-ebs")

    def test_what_awscli_needs_is_given_whole(self) -> None:
        found = faults(region="us-east-1", account="123456789012")
        self.assertEqual(len(samples.WIRED) - 2, len(found))
        self.assertIn("give all of", found[0])

    def test_docs_have_a_row_for_every_variable_and_no_other(self) -> None:
        page = (ECS_DIRECTORY.parent / "docs/deploy/ecs-variables.md").read_text(encoding="utf-8")
        rows = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `")]
        names = [name.strip(" `") for row in rows for name in row.split(",")]
        self.assertEqual(sorted(variable.name for variable in VARIABLES), sorted(names))


class Budgets(unittest.TestCase):
    def test_all_times_of_a_stop_derive_from_one_number(self) -> None:
        for stop_timeout, drain, grace, delay in ((120, 115, 10, 15), (55, 50, 10, 15), (37, 32, 7, 12)):
            with self.subTest(stop_timeout):
                self.assertEqual(
                    StopBudget(
                        sidecar_stop=stop_timeout,
                        drain_deadline=drain,
                        service_stop=stop_timeout,
                        drain_grace=grace,
                        deregistration_delay=delay,
                    ),
                    StopBudget.of(stop_timeout),
                )

    def test_the_times_of_a_stop_fit_into_each_other_whatever_the_number(self) -> None:
        for stop_timeout in range(36, 121):
            with self.subTest(stop_timeout):
                budget = StopBudget.of(stop_timeout)
                self.assertLessEqual(budget.drain_deadline + DRAIN_MARGIN, budget.sidecar_stop)
                self.assertLessEqual(budget.drain_grace + FINISHING + LAST_DUMP, budget.service_stop)
                self.assertGreater(budget.drain_grace, BALANCER_LAG)
                self.assertGreater(budget.deregistration_delay, budget.drain_grace)
                self.assertLess(budget.deregistration_delay, budget.drain_grace + FINISHING)

    def test_the_shortest_stop_keeps_every_rule(self) -> None:
        group = {"target_group_arn": samples.EVERYTHING["target_group_arn"]}
        deployment = samples.deployment(settle(samples.example() | samples.WIRED | group | {"stop_timeout": 36}))
        self.assertEqual([], check(deployment))
        self.assertEqual("6", environment(deployment.container(SERVICE))["DRAIN_GRACE"])

    def test_both_checks_give_a_start_the_same_time(self) -> None:
        deployment = samples.deployment(samples.variants()["fargate, balanced"])
        start = deployment.container(SERVICE)["healthCheck"]["startPeriod"]
        self.assertEqual((300, 300), (start, deployment.service["healthCheckGracePeriodSeconds"]))

    def test_a_spot_task_stops_within_its_notice(self) -> None:
        deployment = samples.deployment(samples.variants()["fargate-spot"])
        self.assertLessEqual(sum(program["stopTimeout"] for program in deployment.programs) + 10, 120)


class Templates(unittest.TestCase):
    def test_values_keep_their_type_and_nothing_is_left_of_none(self) -> None:
        template = {"a": "${n}", "b": "x${n}", "c": "${none}", "d": ["${none}", 1], "e": "p/${none}"}
        self.assertEqual({"a": 5, "b": "x5", "d": [1]}, fill(template, {"n": 5, "none": None}))

    def test_references_become_functions_of_cloudformation(self) -> None:
        values = {"role": Attribute("Role.Arn"), "group": Attribute("Group"), "name": "g"}
        filled = fill(["${role}", "${group}", "${name}:${group}:${role}"], values)
        self.assertEqual(
            [{"Fn::GetAtt": ["Role", "Arn"]}, {"Ref": "Group"}, {"Fn::Sub": "g:${Group}:${Role.Arn}"}], filled
        )

    def test_an_unknown_name_is_an_error(self) -> None:
        with self.assertRaisesRegex(Faults, r"names \$\{nobody\}, which nothing gives"):
            fill("${nobody}", {})

    def test_the_repository_follows_from_an_image_in_ecr(self) -> None:
        image = f"{samples.ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/team/gatehouse:1"
        self.assertEqual("arn:aws-cn:ecr:cn-north-1:123456789012:repository/team/gatehouse", repository_of(image))
        self.assertIsNone(repository_of("registry.example/gatehouse:1"))

    def test_sources_name_no_account_and_no_region(self) -> None:
        for path in (path for path in ECS_DIRECTORY.rglob("*") if path.suffix in (".json", ".tf")):
            with self.subTest(path.name):
                text = path.read_text(encoding="utf-8")
                self.assertNotRegex(text, r"(?<!\d)\d{12}(?!\d)")
                self.assertNotRegex(text, r"\b(us|eu|ap|sa|ca)-[a-z]+-\d\b")


class Files(unittest.TestCase):
    def test_what_comes_out_follows_from_how_it_is_launched(self) -> None:
        for launch in LAUNCHES:
            names = files(samples.variants()[launch]).keys()
            with self.subTest(launch):
                self.assertIn(f"awscli/task-definition.{launch}.json", names)
                self.assertEqual(launch in ("fargate", "fargate-spot"), "cloudformation.json" in names)

    def test_nothing_is_left_to_fill_for_awscli(self) -> None:
        for name, values in samples.variants().items():
            for path, text in files(values).items():
                if path.startswith("awscli/"):
                    with self.subTest(f"{name}: {path}"):
                        self.assertNotIn("${", text)

    def test_without_what_only_awscli_needs_the_stacks_come_out(self) -> None:
        names = files(settle(samples.example())).keys()
        self.assertIn("cloudformation.json", names)
        self.assertFalse(any(name.startswith("awscli/") for name in names))

    def test_the_delay_of_the_target_group_is_said_where_there_is_one(self) -> None:
        group = samples.EVERYTHING["target_group_arn"]
        for given, said in (({}, None), ({"target_group_arn": group, "stop_timeout": 36}, "yours to 11\n")):
            with self.subTest(said), tempfile.TemporaryDirectory() as directory:
                path = Path(directory, "variables.json")
                path.write_text(json.dumps(samples.example() | given))
                code, errors = self.run_render("--variables", str(path), "--output", f"{directory}/out")
                self.assertEqual(0, code, errors)
                self.assertEqual(said is not None, "deregistration_delay" in errors, errors)
                self.assertIn(said or "", errors)

    def test_faults_are_printed_one_a_line_and_nothing_is_written(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "variables.json")
            path.write_text(json.dumps(samples.example() | {"port": 1, "imagge": "x"}))
            code, errors = self.run_render("--variables", str(path), "--output", f"{directory}/out")
            self.assertEqual(65, code)
            self.assertEqual(2, len(errors.splitlines()), errors)
            self.assertIn("did you mean image?", errors)
            self.assertFalse(Path(directory, "out").exists())

    def test_a_file_that_is_missing_broken_or_has_twins_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "variables.json")
            for text, words in ((None, "copy of ecs/variables.example.json"), ("{", "is not JSON"), ("[]", "object")):
                if text is not None:
                    path.write_text(text)
                code, errors = self.run_render("--variables", str(path), "--output", directory)
                self.assertEqual(65, code)
                self.assertIn(words, errors)
            path.write_text('{"port": 5001, "port": 5002}')
            self.assertIn("port is there twice", self.run_render("--variables", str(path))[1])

    def test_documents_of_an_earlier_run_go_and_other_files_stay(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            output = Path(directory)
            render.write(files(samples.variants()["fargate, everything on"]), output)
            state = output / "terraform/terraform.tfstate"
            state.write_text("{}")
            lag = output / "awscli/alarms/gatehouse-offsite-lag.json"
            self.assertTrue(lag.exists())
            render.write(files(samples.variants()["fargate"]), output)
            self.assertFalse(lag.exists())
            self.assertTrue(state.exists())

    def test_a_directory_that_takes_nothing_is_said(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "out").write_text("a file")
            example = str(ECS_DIRECTORY / "variables.example.json")
            code, errors = self.run_render("--variables", example, "--output", f"{directory}/out")
            self.assertEqual(73, code)
            self.assertIn("--output", errors)

    def run_render(self, *arguments: str) -> tuple[int, str]:
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            return render.main(list(arguments)), errors.getvalue()


if __name__ == "__main__":
    unittest.main()
