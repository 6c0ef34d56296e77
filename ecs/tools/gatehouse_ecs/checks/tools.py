"""The programs that the checks call."""

import os
import shutil
import subprocess
from pathlib import Path


class Missing(Exception):
    """A tool is missing. The text names it and says how to get it."""


def tool(name: str, remedy: str = "scripts/setup --ecs installs it") -> str:
    found = shutil.which(name)
    if not found:
        raise Missing(f"there is no {name}; {remedy}")
    return found


def run(
    command: list[str], directory: Path | None = None, environment: dict[str, str] | None = None, seconds: int = 120
) -> subprocess.CompletedProcess[str]:
    """Runs a program and returns both outputs in `stdout`. The caller checks the exit code."""
    return subprocess.run(
        command,
        cwd=directory,
        env=os.environ | (environment or {}),
        timeout=seconds,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
