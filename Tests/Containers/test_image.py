"""The contents of the image, and its independence of other tools."""

import json
import tempfile
import unittest
from pathlib import Path

from stack import IMAGE, MOUNT, docker, until

ENVIRONMENT = {
    "MEM_ENCRYPTION_KEY": "a-key-of-the-tests-0123456789abcdef",
    "JWT_SECRET_KEY": "a-secret-of-the-tests-0123456789abcdef",
    "DOORMAN_ADMIN_PASSWORD": "Correct-Horse-Battery-9",
}
LIMIT_OF_OUR_LAYERS = 80_000_000


class ImageTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = json.loads(docker("image", "inspect", IMAGE).stdout)[0]

    def test_runs_as_a_user_without_rights(self):
        self.assertEqual(self.image["Config"]["User"], "10001:10001")

    def test_declares_the_volume_and_gives_it_to_the_user(self):
        self.assertEqual(list(self.image["Config"]["Volumes"]), [MOUNT])
        listing = docker("run", "--rm", "--network", "none", IMAGE, "stat", "-c", "%u:%g %a", MOUNT).stdout
        self.assertEqual(listing.strip(), "10001:10001 750")

    def test_says_what_it_is(self):
        labels = self.image["Config"]["Labels"]
        for name in ("title", "description", "licenses", "version", "revision", "base.name"):
            self.assertTrue(labels.get(f"org.opencontainers.image.{name}"), name)
        self.assertRegex(labels["org.opencontainers.image.version"], r"^\d+\.\d+\.\d+$")

    def test_our_layers_stay_small(self):
        history = docker(
            "history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", IMAGE
        ).stdout
        layers = [(int(size), command) for size, command in (line.split("\t", 1) for line in history.splitlines())]
        ours = [(size, command) for size, command in layers if size][:-1]
        self.assertGreaterEqual(len(ours), 2, "the programs and their libraries are layers of their own")
        self.assertLessEqual(sum(size for size, _ in ours), LIMIT_OF_OUR_LAYERS, ours)

    def test_has_the_swift_runtime_inside_its_programs(self):
        for program in ("gatehouse", "gatehouse-sidecar"):
            libraries = docker("run", "--rm", "--network", "none", IMAGE, "ldd", f"/usr/local/bin/{program}").stdout
            self.assertNotIn("swift", libraries.lower())
            self.assertNotIn("not found", libraries)
            version = docker("run", "--rm", "--network", "none", IMAGE, program, "--version").stdout.strip()
            self.assertEqual(version, self.image["Config"]["Labels"]["org.opencontainers.image.version"])

    def test_needs_no_shell_no_writable_root_and_no_capability(self):
        with tempfile.TemporaryDirectory() as empty:
            nothing = Path(empty) / "nothing"
            nothing.touch(mode=0o644)
            options = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
            # A program that calls a shell finds an empty file that can't be executed.
            for shell in ("dash", "bash"):
                options += ["-v", f"{nothing}:/usr/bin/{shell}:ro"]
            for name, value in ENVIRONMENT.items():
                options += ["-e", f"{name}={value}"]
            container = docker("run", "-d", "--network", "none", *options, IMAGE).stdout.strip()
            try:
                shell = docker("exec", container, "sh", "-c", "true", check=False)
                self.assertNotEqual(shell.returncode, 0, "there is a shell after all, so this shows nothing")
                check = ["exec", container, "gatehouse", "health"]
                until("a healthy service", lambda: docker(*check, check=False).returncode == 0)
                self.assertNotEqual(docker("exec", container, "touch", "/x", check=False).returncode, 0)
                docker("stop", "-t", "30", container)
                state = json.loads(docker("inspect", container).stdout)[0]["State"]
                log = docker("logs", container)
                self.assertEqual(state["ExitCode"], 0, log.stdout + log.stderr)
            finally:
                docker("rm", "--force", "--volumes", container)
