"""The drain receipt that a stop leaves beside the dumps."""

import json
from pathlib import Path


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.glob("drain-*.json")}


def outcome(directory: Path, before: set[str]) -> str:
    """In words, of the newest one that was not there before."""
    new = sorted(names(directory) - before)
    if not new:
        return "none on the volume; a sidecar that could not write there has it in its log"
    try:
        receipt = json.loads((directory / new[-1]).read_text())
    except (OSError, ValueError) as error:
        return f"{new[-1]} can't be read: {error}"
    dump = receipt.get("dump") or {}
    if receipt.get("outcome") == "drained":
        return f"drained, the dump is safe ({dump.get('name')})"
    newest = f"; newest verified dump: {dump['name']}" if dump else "; there is no verified dump"
    return f"{receipt.get('outcome')}: {receipt.get('sentence')}{newest}"
