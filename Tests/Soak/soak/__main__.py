"""The command line of `scripts/soak`."""

import argparse
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from gateway_benchmark import Unusable

from soak import connections, hostile, judge, mixed, stream
from soak.verdict import Verdict

USAGE, UNUSABLE = 64, 69


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"soak: {message}; see scripts/soak --help\n")


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1_000_000:
        raise ValueError
    return value


def parser() -> Parser:
    parser = Parser(
        prog="scripts/soak",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Keeps the gateway under load while everything around it changes, and judges every call.",
        epilog="""parts:
  mixed        a fixed rate of calls with restarts of servers, dumps, changes of the table, rotated logs
  stream       bodies of gigabytes in both directions, slow clients and servers, server-sent events
  connections  thousands of idle, slow and half-working connections beside a load
  hostile      clients and servers that do things wrong beside a load""",
    )
    add = parser.add_argument
    add("parts", metavar="PART", nargs="*", help="parts (all)")
    add("--seconds", metavar="N", type=positive, help="length of the mixed part (600)")
    add("--rate", metavar="N", type=positive, default=2000, help="calls in a second of the mixed part (2000)")
    add("--gigabytes", metavar="N", type=positive, help="size of each body of the stream part (10)")
    add("--connections", metavar="N", type=positive, help="connections of the connections part (10000)")
    add("--seed", metavar="N", type=int, help="the seed of all random choices")
    add("--short", action="store_true", help="all parts in less than two minutes, with less load")
    add("--gateway", metavar="PROGRAM", type=Path, help=argparse.SUPPRESS)
    add("--keep", metavar="DIRECTORY", type=Path, help="keep logs and results there")
    add("--check", action="store_true", help=argparse.SUPPRESS)
    return parser


def parts(options: argparse.Namespace, work: Path, seed: int) -> dict[str, Callable[[], Verdict]]:
    seconds = options.seconds or (20 if options.short else 600)
    rate = min(options.rate, 500) if options.short else options.rate
    gigabytes = options.gigabytes or (0.25 if options.short else 10)
    count = int(options.connections or (1000 if options.short else 10_000))
    crowd = (
        connections.Plan(count, 1000, 3, 200, False) if options.short else connections.Plan(count, 1000, 30, 500, True)
    )
    attacks = hostile.Plan(3, 1, 5, 300, 200, False) if options.short else hostile.Plan(6, 10, 50, 2000, 500, True)
    return {
        "mixed": lambda: mixed.run(options.gateway, work, seconds, rate, seed),
        "stream": lambda: stream.run(options.gateway, work, gigabytes, 2 if options.short else 20),
        "connections": lambda: connections.run(options.gateway, work, crowd, seed),
        "hostile": lambda: hostile.run(options.gateway, work, attacks, seed),
    }


def run(options: argparse.Namespace, work: Path) -> bool:
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    judge.judges_time = not options.short
    print(
        f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}; {time.strftime('%F', time.gmtime())}; seed {seed}"
    )
    results = []
    for name, part in parts(options, work, seed).items():
        if options.parts and name not in options.parts:
            continue
        print(f"{name}:", flush=True)
        begin = time.monotonic()
        try:
            verdict = part()
        except Exception as error:
            # One part that can't be judged must not hide the others.
            if not isinstance(error, Unusable):
                traceback.print_exc()
            verdict = Verdict(name, problems=[str(error)])
        results.append(verdict.conclude())
        print(f"{name} took {time.monotonic() - begin:.0f} s", flush=True)
    return all(results)


def main() -> int:
    options = parser().parse_args()
    for name in options.parts:
        if name not in parts(options, Path(), 0):
            parser().error(f"there is no part {name}")
    if options.check:
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            return 0 if run(options, options.keep.resolve()) else 1
        with tempfile.TemporaryDirectory(prefix="soak-") as work:
            return 0 if run(options, Path(work)) else 1
    except Unusable as reason:
        print(f"soak: {reason}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return 130


sys.exit(main())
