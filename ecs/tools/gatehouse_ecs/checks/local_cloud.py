"""awscli against a moto server on loopback. AWS's own model checks each document, and no account is used."""

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..samples import REGION
from .tools import tool


class Refused(Exception):
    """awscli or the server refused a request."""


class LocalCloud:
    def __init__(self, port: int, directory: Path) -> None:
        self.aws = tool("aws")
        self.directory = directory
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "NO_PROXY": "127.0.0.1",
        }

    def call(self, *arguments: str) -> Any:
        """The output of one awscli command. Raises `Refused` when it fails."""
        done = subprocess.run(
            [self.aws, *arguments, "--output", "json"],
            env=self.environment,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise Refused(f"aws {' '.join(arguments[:2])}: {' '.join(done.stderr.split())}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def file(self, document: Any) -> str:
        """`document` in the form of a file argument of awscli."""
        with tempfile.NamedTemporaryFile("w", dir=self.directory, suffix=".json", delete=False) as file:
            json.dump(document, file)
        return f"file://{file.name}"


@contextmanager
def local_cloud() -> Iterator[LocalCloud]:
    tool("aws")
    server = tool("moto_server")
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "server-log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [server, "-H", "127.0.0.1", "-p", "0"],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=directory,
            )
        try:
            yield LocalCloud(_port(process, log), Path(directory))
        finally:
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"Running on http://127\.0\.0\.1:(\d+)", log.read_text(errors="replace"))
        if found:
            return int(found[1])
        time.sleep(0.05)
    raise Refused(
        f"moto_server does not start: {log.read_text(errors='replace')[-500:]}; scripts/setup --ecs installs it"
    )
