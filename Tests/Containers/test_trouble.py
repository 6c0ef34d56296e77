"""Faults of a real machine: a full volume, a wrong key, a volume that can't be written, a missing secret."""

import unittest

from stack import SERVICE, SIDECAR, Stack, run, until


class TroubleTests(unittest.TestCase):
    def test_a_full_volume_costs_no_older_dump(self):
        with Stack() as stack:
            stack.generated.mkdir()
            run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(stack.generated))
            try:
                stack.up()
                token = stack.onboard("orders")
                self.assertEqual(stack.call("POST", "/platform/memory/dump", {}, token).status, 200)
                kept = stack.dumps()
                self.fill(stack.generated)
                acknowledged, answer = self.change_until_refused(stack, token)
                self.assertEqual((answer.status, answer.json["error_code"]), (503, "GTW504"))
                self.assertIn("volume is full", answer.json["error_message"])
                self.assertTrue(stack.has("orders", token), "reads go on")
                answer = stack.call("POST", "/platform/memory/dump", {}, token)
                self.assertEqual((answer.status, answer.json["error_code"]), (500, "MEM006"))
                self.assertIn("volume is full", answer.json["error_message"])
                sidecar, service = stack.stop()
                self.assertEqual(service["ExitCode"], 1, "it says that the last dump was not written")
                self.assertEqual(sidecar["ExitCode"], 69)
                self.assertIn("dump_failed", stack.log(SIDECAR), "a receipt that finds no room is in the log")
                self.assertEqual(stack.dumps(), kept)
                (stack.generated / "filling").unlink()
                stack.up()
                for name in ("orders", *acknowledged):
                    self.assertTrue(stack.has(name), f"'{name}' was acknowledged")
            finally:
                stack.compose("kill", check=False)
                run("umount", "--lazy", str(stack.generated))

    def change_until_refused(self, stack, token):
        """Registers APIs until one is refused. The journal's last page takes some. Returns their names and the refusal."""
        acknowledged = []
        for number in range(1000):
            name = f"late-{number}"
            answer = stack.call("POST", "/platform/api", stack.api(name), token)
            if answer.status != 201:
                return acknowledged, answer
            acknowledged.append(name)
        raise AssertionError("a full volume refuses no change")

    @staticmethod
    def fill(directory):
        with (directory / "filling").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1024))
            except OSError:
                return

    def test_a_wrong_key_starts_nothing_and_harms_nothing(self):
        with Stack() as stack:
            stack.up()
            stack.onboard("orders")
            stack.stop()
            kept, right = stack.dumps(), stack.settings["MEM_ENCRYPTION_KEY"]
            stack.set("MEM_ENCRYPTION_KEY", "this-is-not-the-key-of-the-dumps-there")
            failed = stack.up(check=False)
            self.assertNotEqual(failed.returncode, 0)
            self.assertIn(
                "Set the key that they were encrypted with as MEM_ENCRYPTION_KEY", failed.stdout + failed.stderr
            )
            self.assertEqual(stack.state(SERVICE)["ExitCode"], 65)
            self.assertNotEqual(stack.state(SIDECAR)["Status"], "running")
            self.assertEqual(stack.dumps(), kept)
            stack.set("MEM_ENCRYPTION_KEY", right)
            stack.up()
            self.assertTrue(stack.has("orders"))

    def test_a_read_only_volume_refuses_the_start(self):
        with Stack() as stack:
            stack.generated.mkdir()
            run("mount", "-t", "tmpfs", "-o", "ro,uid=10001,gid=10001", "tmpfs", str(stack.generated))
            try:
                failed = stack.up(check=False)
                self.assertNotEqual(failed.returncode, 0)
                self.assertIn("Read-only file system", failed.stdout + failed.stderr)
            finally:
                stack.compose("kill", check=False)
                run("umount", "--lazy", str(stack.generated))

    def test_a_missing_secret_is_named(self):
        with Stack() as stack:
            (stack.root / "compose" / ".env").write_text("SIDECAR_USERNAME=sidecar\n")
            failed = stack.compose("up", check=False)
            self.assertNotEqual(failed.returncode, 0)
            self.assertRegex(failed.stderr, "(MEM_ENCRYPTION_KEY|SIDECAR_PASSWORD).*is not set; scripts/compose-up")

    def test_a_dead_service_is_seen(self):
        with Stack() as stack:
            stack.up()
            run("docker", "pause", stack.container(SERVICE))
            try:
                until("a word of the sidecar", lambda: "the gateway is not there" in stack.log(SIDECAR))
                self.assertEqual(stack.state(SIDECAR)["Status"], "running", "it goes on and waits")
            finally:
                run("docker", "unpause", stack.container(SERVICE))
            # Other lines follow, such as that of the part that the sidecar has on the volume.
            until(
                "a ready service",
                lambda: (
                    'service.state="the gateway is ready"'
                    in stack.log(SIDECAR).rpartition("the gateway is not there")[2]
                ),
            )
