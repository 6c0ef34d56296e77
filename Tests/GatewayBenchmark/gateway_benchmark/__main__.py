"""The command line of `scripts/bench gateway`."""

import argparse
import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from gateway_benchmark import Unusable, instructions, rounds, servers, standby
from gateway_benchmark.rounds import Bench, Options
from gateway_benchmark.scenarios import GROUPS, SCENARIOS

USAGE, UNUSABLE = 64, 69
INSTRUCTIONS = "instructions"
STANDBY = "standby"
# What `--smoke` measures, so that every subject answers once.
SMOKE = ["secured"]


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"bench-gateway: {message}; see scripts/bench gateway --help\n")


def count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 100_000:
        raise ValueError
    return value


def parser() -> Parser:
    names = "\n".join(f"  {scenario.name:18}{scenario.says}" for scenario in SCENARIOS.values())
    groups = "\n".join(f"  {name:18}{' '.join(members)}" for name, members in GROUPS.items() if name != "all")
    parser = Parser(
        prog="scripts/bench gateway",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures calls through the gateway beside nginx and HAProxy, and directly to the upstream server.",
        epilog=f"scenarios:\n{names}\n\ngroups:\n{groups}\n  {'all':18}all of them\n\n"
        f"  {INSTRUCTIONS:18}instructions of a call of public and secured, by callgrind; takes minutes\n"
        f"  {STANDBY:18}two tasks on one directory: when a change is in force at both, and what the standby costs",
    )
    add = parser.add_argument
    add("scenarios", metavar="SCENARIO", nargs="*", help="scenarios or groups (few)")
    add("--rounds", metavar="N", type=count, default=5, help="rounds, in each of which every subject has its turn (5)")
    add("--seconds", metavar="N", type=count, default=5, help="length of a turn (5)")
    add("--connections", metavar="N", type=count, default=32, help="connections where a scenario does not say (32)")
    add("--threads", metavar="N", type=count, default=2, help="threads of wrk (2)")
    add("--upstream-workers", metavar="N", type=count, default=1, help="workers of the upstream server (1)")
    add("--proxies-only", action="store_true", help="without the gateway")
    add("--gateway", metavar="NAME=PROGRAM", action="append", default=[], help=argparse.SUPPRESS)
    add("--calls", metavar="N", type=count, default=1000, help="calls that instructions are counted of (1000)")
    add("--profiles", metavar="DIRECTORY", type=Path, help="keep the files of callgrind there, for callgrind_annotate")
    add("--changes", metavar="N", type=count, default=200, help="changes that standby measures (200)")
    add("--smoke", action="store_true", help="one round of 2 s of secured, to see that every subject answers")
    add("--check", action="store_true", help=argparse.SUPPRESS)
    add("--json", metavar="FILE", type=Path, help="append each run and summary to a file, as JSON lines")
    return parser


def chosen(words: list[str]) -> list[str]:
    names = [name for word in words for name in GROUPS.get(word, [word])]
    for name in names:
        if name not in SCENARIOS and name not in (INSTRUCTIONS, STANDBY):
            parser().error(f"there is no scenario {name}")
    return list(dict.fromkeys(names))


def machine() -> dict[str, object]:
    model = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    return {
        "cores": os.cpu_count(),
        "model": model,
        "load": os.getloadavg()[0],
        "date": time.strftime("%F", time.gmtime()),
    }


def count_instructions(bench: Bench, options: argparse.Namespace) -> bool:
    print(f"\ninstructions of a call in user space, of {options.calls} calls over one connection", flush=True)
    profiles = options.profiles or bench.work / "profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    counts, refused = instructions.measure(bench, options.calls, profiles.resolve())
    if options.json:
        instructions.write(options.json, counts, machine())
    return not refused


def measure(options: argparse.Namespace, names: list[str], work: Path) -> bool:
    """Prints all scenarios. Returns whether every subject was measured without a fault."""
    is_valid = True
    upstream, port = servers.start_upstream(work, options.upstream_workers)
    programs = {name: Path(path) for name, _, path in (word.partition("=") for word in options.gateway)}
    counts = (options.rounds, options.seconds, options.connections, options.threads, options.upstream_workers)
    bench = Bench(Options(*counts, {} if options.proxies_only else programs), work, upstream, port)
    try:
        for name in names:
            if name == INSTRUCTIONS:
                is_valid = count_instructions(bench, options) and is_valid
                continue
            if name == STANDBY:
                print(
                    f"\n{name}: two tasks on one directory; {options.changes} changes, {options.connections} connections, "
                    f"medians of {options.rounds} rounds of {options.seconds} s",
                    flush=True,
                )
                is_valid = standby.measure(bench, options.changes, options.json, machine()) and is_valid
                continue
            scenario = SCENARIOS[name]
            print(
                f"\n{name}: {scenario.says}; {bench.connections(scenario)} connections, "
                f"medians of {options.rounds} rounds of {options.seconds} s",
                flush=True,
            )
            outcome = rounds.run(bench, scenario)
            print(outcome.table(), flush=True)
            is_valid = is_valid and not outcome.refused
            is_valid = is_valid and all(outcome.summary(subject)["valid"] for subject in outcome.runs)
            if options.json:
                outcome.write(options.json, machine())
    finally:
        upstream.stop()
    return is_valid


def main() -> int:
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        if options.smoke:
            options.rounds, options.seconds = 1, 2
        names = chosen(SMOKE if options.smoke else options.scenarios or ["few"])
        if options.check:
            return 0
        one = machine()
        print(f"machine: {one['cores']} cores, {one['model']}; load {one['load']:.2f}; {one['date']}", flush=True)
        with tempfile.TemporaryDirectory(prefix="bench-gateway-") as work:
            return 0 if measure(options, names, Path(work)) else 1
    except Unusable as reason:
        print(f"bench-gateway: {reason}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return 130


sys.exit(main())
