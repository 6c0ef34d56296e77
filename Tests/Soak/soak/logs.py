"""Readers of the gateway's log that are slow, pause, and cut files."""

import contextlib
import json
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path


class Reader(threading.Thread):
    """Reads the pipe of standard output as a container engine does: into a file of a bounded size, with files before it.

    Now and then it reads slowly, or not at all for some seconds.
    """

    SIZE = 8 << 20

    def __init__(self, work: Path, seed: int, pause: float) -> None:
        super().__init__(daemon=True)
        self.random, self.pause = random.Random(seed), pause
        self.source, self.output = os.pipe()
        self.file = work / "pipe.log"
        self.messages: Counter[str] = Counter()
        self.calls = self.dropped = self.torn = self.rotations = 0
        self.problems: list[str] = []
        self.rest = b""
        self.is_calm = threading.Event()

    def run(self) -> None:
        output = self.file.open("wb")
        until, mode = time.monotonic() + self.pause, "fast"
        while True:
            if self.is_calm.is_set():
                mode = "fast"
            elif time.monotonic() > until:
                mode = self.random.choice(["fast", "slow", "pause"])
                until = time.monotonic() + self.pause * self.random.uniform(0.5, 1.5)
            if mode == "pause":
                self.is_calm.wait(max(0, until - time.monotonic()))
                mode = "fast"
            text = os.read(self.source, 4096 if mode == "slow" else 1 << 16)
            if not text:
                break
            output.write(text)
            if output.tell() > self.SIZE:
                output.close()
                self.file.rename(self.file.with_suffix(".log.1"))
                output = self.file.open("wb")
                self.rotations += 1
            self.take(text)
            if mode == "slow":
                time.sleep(0.02)
        output.close()

    def take(self, text: bytes) -> None:
        lines = (self.rest + text).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            self.judge(line)

    def judge(self, line: bytes) -> None:
        if b'"message":"request"' in line and line.startswith(b"{") and line.endswith(b"}"):
            # Most lines: parsing them all would take the machine from the gateway.
            self.calls += b'"/api/rest/' in line
            self.messages["request"] += 1
            return
        try:
            event = json.loads(line)
        except ValueError:
            self.torn += 1
            self.problems.append(f"a line of the log is torn: {line[:200]!r}")
            return
        self.messages[event["message"]] += 1
        self.dropped += event.get("log.dropped", 0)
        if event["level"] in ("error", "critical"):
            self.problems.append(f"the gateway logged {line[:300].decode(errors='replace')}")


class Cutter(threading.Thread):
    """Rotates a log file by copying and truncating it."""

    def __init__(self, file: Path, every: float) -> None:
        super().__init__(daemon=True)
        self.file, self.every = file, every
        self.ends = threading.Event()
        self.cuts = 0
        self.problems: list[str] = []

    def run(self) -> None:
        while not self.ends.wait(self.every):
            self.cut()

    def cut(self) -> None:
        content = self.file.read_bytes()
        os.truncate(self.file, 0)
        self.cuts += 1
        if b"\0" in content:
            self.problems.append("the log file has a hole after it was truncated")
        # A line that is written between copying and truncating is lost, which only the last line shows.
        for line in content.splitlines()[:-1]:
            with contextlib.suppress(ValueError):
                if line.startswith(b"{"):
                    json.loads(line)
                    continue
            if line.startswith(b"{"):
                self.problems.append(f"a line of the log file is torn: {line[:200]!r}")

    def stop(self) -> None:
        self.ends.set()
        self.join()
        self.cut()
