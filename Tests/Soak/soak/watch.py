"""Samples a process, as a process of its own: `python3 -m soak.watch IDENTIFIER RESULT`, until it is told to end.

Each line of the result is a JSON list. `["s", time, RSS, descriptors, threads]` comes each second. `["w", begin, end, waited, others]`
comes where an event loop waited for its processor: how long, and how long other threads of the process used that one meanwhile.
`["t", begin, end, stolen]` comes where the host took an event loop's processor from this machine, and says for how long.
"""

import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STEP = 0.01
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Thread:
    """A thread at a moment; times in nanoseconds since its start."""

    is_loop: bool
    used: int
    waited: int
    # The one on which it runs, or ran last.
    processor: int


def threads(identifier: int) -> dict[str, Thread]:
    """The threads of a process."""
    found = {}
    for thread in os.listdir(f"/proc/{identifier}/task"):  # noqa: PTH208 - the fastest way
        with contextlib.suppress(OSError, ValueError):
            folder = f"/proc/{identifier}/task/{thread}"
            used, waited, _ = Path(folder, "schedstat").read_text().split()
            # Field 39 of proc(5); the name before it may hold spaces.
            processor = Path(folder, "stat").read_text().rpartition(") ")[2].split()[36]
            name = NAMES.setdefault(thread, _name(folder))
            is_loop = name.startswith("NIO-") and "-TP-" not in name
            found[thread] = Thread(is_loop, int(used), int(waited), int(processor))
    return found


def waiting(before: dict[str, Thread], after: dict[str, Thread]) -> tuple[int, int, set[int]]:
    """Between two samples: how long the event loop waited that waited longest, how long other threads of the process used
    its processor meanwhile, and the processors of all loops."""
    longest, others, processors = 0, 0, set()
    for name, loop in after.items():
        if not loop.is_loop:
            continue
        old = before.get(name, loop)
        its = {old.processor, loop.processor}
        processors |= its
        if loop.waited - old.waited > longest:
            longest = loop.waited - old.waited
            others = sum(
                thread.used - before.get(other, thread).used
                for other, thread in after.items()
                if not thread.is_loop and {thread.processor, before.get(other, thread).processor} & its
            )
    return longest, others, processors


NAMES: dict[str, str] = {}


def _name(folder: str) -> str:
    return Path(folder, "comm").read_text()


def stolen() -> list[int]:
    """By processor: the time in hundredths of a second that the host gave to others while there was work here (proc(5))."""
    lines = Path("/proc/stat").read_text().splitlines()
    return [int(line.split()[8]) for line in lines if line.startswith("cpu") and not line.startswith("cpu ")]


def sample(identifier: int) -> list[Any]:
    resident = int(Path(f"/proc/{identifier}/statm").read_text().split()[1]) * PAGE
    folder = f"/proc/{identifier}"
    return ["s", time.monotonic(), resident, len(os.listdir(f"{folder}/fd")), len(os.listdir(f"{folder}/task"))]  # noqa: PTH208


def main() -> None:
    identifier, path = int(sys.argv[1]), Path(sys.argv[2])
    # The loop takes the signal between two samples. An exception of a handler could come while the interpreter ends, which
    # then only prints it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with path.open("w", buffering=1) as output, contextlib.suppress(FileNotFoundError, ProcessLookupError):
        before, begin, sampled = threads(identifier), time.monotonic(), 0.0
        stolen_before = stolen()
        while signal.sigtimedwait({signal.SIGTERM}, STEP) is None:
            after, stolen_after, end = threads(identifier), stolen(), time.monotonic()
            waited, others, processors = waiting(before, after)
            if waited > 500_000:
                output.write(json.dumps(["w", begin, end, waited / 1e9, others / 1e9]) + "\n")
            taken = max((stolen_after[at] - stolen_before[at] for at in processors), default=0)
            if taken > 0:
                output.write(json.dumps(["t", begin, end, taken / 100]) + "\n")
            if end - sampled >= 1:
                sampled = end
                output.write(json.dumps(sample(identifier)) + "\n")
            before, stolen_before, begin = after, stolen_after, end


if __name__ == "__main__":
    main()
