"""Which task writes, as the lease on the volume says."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lease:
    process: int
    epoch: int
    is_released: bool


def read(directory: Path) -> Lease | None:
    """`None` without one, and while it is written."""
    try:
        found = json.loads((directory / "lease.json").read_bytes())
        return Lease(found["process"], found["epoch"], found["released"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
