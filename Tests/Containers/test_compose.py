"""The stack as a developer runs it: from nothing to healthy, drained, and back with the same state."""

import unittest

from stack import SERVICE, SIDECAR, Stack, docker, moment, until


class ComposeTests(unittest.TestCase):
    def test_loses_nothing_over_a_stop(self):
        with Stack() as stack:
            said = stack.up().stdout
            self.assertIn("Gatehouse is healthy at http://127.0.0.1:", said)
            for service in (SERVICE, SIDECAR):
                self.assertEqual(stack.state(service)["Health"]["Status"], "healthy")
            before = stack.onboard("orders")
            self.assertTrue(stack.has("orders", before))
            self.assertEqual(stack.dumps(), [], "nothing asked for a dump yet")

            sidecar, service = stack.stop()
            self.assertEqual((sidecar["ExitCode"], service["ExitCode"]), (0, 0))
            self.assertLess(
                moment(sidecar["FinishedAt"]), moment(service["FinishedAt"]), "the sidecar is stopped first"
            )
            receipt = stack.receipt()
            self.assertEqual(receipt["outcome"], "drained")
            self.assertTrue(receipt["verified"])
            self.assertGreaterEqual(len(stack.dumps()), 1)

            stack.up()
            self.assertIn("restored from dump", stack.log(SERVICE))
            self.assertTrue(stack.has("orders", before), "the token of before still holds, and the API is there")
            self.assertFalse(stack.has("invoices"))

    def test_sidecar_starts_only_beside_a_healthy_service(self):
        with Stack() as stack:
            stack.up()
            checks = stack.state(SERVICE)["Health"]["Log"]
            healthy = next(check for check in checks if check["ExitCode"] == 0)
            self.assertLess(moment(healthy["Start"]), moment(stack.state(SIDECAR)["StartedAt"]))

    def test_is_locked_down(self):
        with Stack() as stack:
            stack.up()
            for service in (SERVICE, SIDECAR):
                container = stack.inspect(service)
                self.assertTrue(container["HostConfig"]["ReadonlyRootfs"])
                self.assertEqual(container["HostConfig"]["CapDrop"], ["ALL"])
                self.assertIsNone(container["HostConfig"]["CapAdd"])
                self.assertEqual(container["Config"]["User"], "10001:10001")
                written = docker("exec", stack.container(service), "touch", "/app/x", check=False)
                self.assertIn("Read-only file system", written.stderr)
                status = docker("exec", stack.container(service), "cat", "/proc/1/status").stdout
                self.assertIn("CapEff:\t0000000000000000", status)
                self.assertIn("NoNewPrivs:\t1", status)
            secrets = "\n".join(stack.inspect(SIDECAR)["Config"]["Env"])
            for name in ("DOORMAN_ADMIN_PASSWORD", "JWT_SECRET_KEY"):
                self.assertNotIn(stack.settings[name], secrets, "the sidecar has no business with it")

    def test_drain_fits_into_the_time_to_stop(self):
        with Stack() as stack:
            stack.up()
            sidecar, service = stack.inspect(SIDECAR)["Config"], stack.inspect(SERVICE)["Config"]
            self.assertEqual((sidecar["StopTimeout"], service["StopTimeout"]), (60, 60))
            self.assertIn("DRAIN_DEADLINE=55", sidecar["Env"])

    def test_loses_nothing_over_a_kill(self):
        with Stack() as stack:
            stack.up()
            token = stack.onboard("orders")
            answer = stack.call("POST", "/platform/memory/dump", {}, token)
            self.assertEqual(answer.status, 200, answer.json)
            stack.onboard("late", token)
            docker("kill", stack.container(SERVICE))
            self.assertEqual(stack.state(SERVICE)["ExitCode"], 137)
            # The gateway can't be asked any more. The sidecar reports that, and verifies the existing dumps.
            sidecar, _ = stack.stop()
            self.assertEqual(sidecar["ExitCode"], 70, stack.log(SIDECAR))
            self.assertEqual(stack.receipt()["outcome"], "service_crashed")
            stack.up()
            # The killed gateway left its lease, so the next one waits until the lease times out.
            until("a writer", lambda: "writer" not in stack.call("GET", "/platform/monitor/readiness").json)
            self.assertTrue(stack.has("orders"))
            self.assertTrue(stack.has("late"), "the journal has it, and no dump")
            stack.onboard("next")

    def test_is_started_again_without_new_secrets(self):
        with Stack() as stack:
            stack.up()
            first = stack.settings
            self.assertEqual(oct((stack.root / "compose" / ".env").stat().st_mode & 0o777), "0o600")
            stack.up()
            self.assertEqual(stack.settings, first)
