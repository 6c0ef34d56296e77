"""Moving over from a Doorman gateway with the directory that it wrote."""

import shutil
import tempfile
import unittest
from pathlib import Path

from stack import REPOSITORY, SERVICE, Stack

DUMP = "memory_dump-20261123T201137Z.bin"
KEY = "interop-key-0123456789abcdef0123"


class MigrateTests(unittest.TestCase):
    def doorman_directory(self):
        """Creates a directory as a gateway that ran as root leaves it."""
        directory = Path(tempfile.mkdtemp(prefix="gatehouse-doorman-"))
        self.addCleanup(shutil.rmtree, directory)
        directory.chmod(0o755)
        dump = directory / DUMP
        shutil.copy(REPOSITORY / "Tests" / "EndToEnd" / "Fixtures" / DUMP, dump)
        dump.chmod(0o600)
        return directory

    def test_takes_the_directory_over_in_its_place(self):
        directory = self.doorman_directory()
        original = (directory / DUMP).read_bytes()
        with Stack({"DOORMAN_GENERATED": str(directory)}) as stack:
            stack.options = ["--migrate"]
            (stack.root / "compose" / ".env").write_text(f"MEM_ENCRYPTION_KEY={KEY}\n")
            stack.up()
            self.assertIn(f"restored from dump /app/backend-services/generated/{DUMP}", stack.log(SERVICE))
            stack.onboard("after-the-move")
            sidecar, service = stack.stop()
            self.assertEqual((sidecar["ExitCode"], service["ExitCode"]), (0, 0))
            self.assertEqual((directory / DUMP).read_bytes(), original, "what the other gateway wrote stays as it was")
            self.assertGreaterEqual(len(list(directory.glob("*.bin"))), 2)
            stack.up()
            self.assertTrue(stack.has("after-the-move"))

    def test_touches_nothing_when_the_key_does_not_fit(self):
        directory = self.doorman_directory()
        with Stack({"DOORMAN_GENERATED": str(directory)}) as stack:
            stack.options = ["--migrate"]
            failed = stack.up(check=False)
            self.assertNotEqual(failed.returncode, 0)
            self.assertIn(DUMP, failed.stdout + failed.stderr)
            self.assertEqual([path.name for path in directory.iterdir()], [DUMP])
            self.assertEqual(((directory / DUMP).stat().st_uid, directory.stat().st_uid), (0, 0))
