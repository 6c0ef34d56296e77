"""The layers that are rebuilt after a change, and those that are not."""

import os
import shutil
import tempfile
import unittest
from pathlib import Path

from stack import IMAGE, REPOSITORY, docker

CONTEXT = ("Dockerfile", ".dockerignore", "Package.swift", "LICENSE", "Sources", "scripts", "docs")
OPTIONS = os.environ.get("GATEHOUSE_BUILD_OPTIONS", "").split()


class LayerTests(unittest.TestCase):
    def setUp(self):
        self.copy = Path(tempfile.mkdtemp(prefix="gatehouse-layers-"))
        self.addCleanup(shutil.rmtree, self.copy)
        for name in CONTEXT:
            source = REPOSITORY / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.copy / name)

    def build(self, target):
        tag = f"{IMAGE}-layers"
        result = docker("build", *OPTIONS, "--target", target, "--tag", tag, ".", cwd=self.copy, timeout=1800)
        identifier = docker("image", "inspect", "--format", "{{.Id}}", tag).stdout.strip()
        self.addCleanup(docker, "image", "rm", "--no-prune", tag, check=False)
        return identifier, result.stdout + result.stderr

    def test_a_change_of_documents_builds_nothing(self):
        before, _ = self.build("build")
        (self.copy / "docs" / "new.md").write_text("# New\n")
        (self.copy / "scripts" / "run").write_text("#!/bin/sh\n")
        after, output = self.build("build")
        self.assertEqual(before, after)
        self.assertNotIn("Compiling", output)

    def test_a_change_of_a_source_builds_no_package_again(self):
        main = self.copy / "Sources" / "gatehouse-sidecar" / "main.swift"
        main.write_text(main.read_text() + "\n// changed\n")
        _, output = self.build("build")
        self.assertIn("Compiling Sidecar ", output, "our own targets are built")
        for package in ("NIOCore", "Crypto", "Hummingbird", "Logging"):
            self.assertNotIn(f"Compiling {package} ", output)
