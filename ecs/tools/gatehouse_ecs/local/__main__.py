"""The command line of `scripts/ecs-local`."""

import argparse
import sys
from pathlib import Path

from gatehouse_ecs.limits import BALANCER_LAG, SPOT_STOP
from gatehouse_ecs.local import Refused, balancer
from gatehouse_ecs.local.command_line import Parser, call, milliseconds, port, refuse, seconds, stop_on_signals
from gatehouse_ecs.local.console import Console
from gatehouse_ecs.local.plan import OPERATOR, SPOT, Plan
from gatehouse_ecs.local.service import command
from gatehouse_ecs.local.session import Session


def parser() -> Parser:
    parser = Parser(
        "scripts/ecs-local --help",
        description="Runs a rendered task definition on this machine, and stops it, as ECS would. Ctrl-C stops it in order; "
        "a second one kills all. With --service SERVICE.json it runs a whole service: --service --help lists its options.",
        epilog="Exit codes: 0 every container exited 0 and none was killed; 1 not so; 64 wrong arguments; 65 the task can't be run.",
    )
    add = parser.add_argument
    add("definition", metavar="TASK-DEFINITION.json", type=Path)
    add("--secrets", metavar="FILE", type=Path, help="values of its secrets: a JSON object, or lines NAME=value")
    add(
        "--data",
        metavar="DIR",
        type=Path,
        default=Path("generated"),
        help="stands for the EFS or EBS volume (generated)",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--docker", action="store_true", help="containers with Docker (the default when an engine answers)"
    )
    how.add_argument("--processes", action="store_true", help="containers as plain processes")
    add("--image", metavar="IMAGE", help="this image in place of those in the definition (Docker)")
    add("--bin", metavar="DIR", type=Path, help="where programs are looked up before PATH (processes)")
    add(
        "--port",
        metavar="N",
        type=port,
        help="where the first container port is found on 127.0.0.1; 0: the system picks",
    )
    add("--ignore-health", action="store_true", help="let the task live on with an UNHEALTHY container")
    end = parser.add_argument_group("how it ends, once all is healthy")
    end.add_argument("--stop-after", metavar="SECONDS", type=seconds, help="stop so long after")
    kind = end.add_mutually_exclusive_group()
    kind.add_argument("--spot", action="store_true", help="as a Spot interruption: 120 s for all containers together")
    kind.add_argument("--crash", metavar="CONTAINER", help="kill it: service, sidecar, or a container's name")
    end.add_argument(
        "--spot-window", metavar="SECONDS", type=seconds, default=float(SPOT_STOP), help="in place of the 120"
    )
    end.add_argument(
        "--slow-volume", metavar="MS", type=milliseconds, help="each call of the volume takes up to so much longer"
    )
    end.add_argument(
        "--hang-volume", action="store_true", help="no call of the volume comes back, from right before the stop on"
    )
    end.add_argument(
        "--target-group",
        action="store_true",
        help=f"a load balancer sends requests and calls, also for {BALANCER_LAG} s after SIGTERM; none may fail",
    )
    end.add_argument(
        "--call",
        metavar="PATH",
        type=call,
        help=f"the call to an API that the load balancer sends ({balancer.CALL}, which is refused)",
    )
    say = parser.add_argument_group("what it says")
    say.add_argument("--quiet", action="store_true", help="not the containers' output")
    say.add_argument("--timeline", metavar="FILE.json", type=Path, help="write the timeline as JSON, too")
    return parser


def plan(options: argparse.Namespace) -> Plan:
    asked = options.spot or options.crash or options.hang_volume
    return Plan(
        after=options.stop_after if options.stop_after is not None else 0.0 if asked else None,
        reason=SPOT if options.spot else OPERATOR,
        spot_window=options.spot_window if options.spot else None,
        crash=options.crash,
        ignores_health=options.ignore_health,
    )


def main(words: list[str] | None = None) -> int:
    words = sys.argv[1:] if words is None else words
    given = {word.partition("=")[0] for word in words}
    if "--to" in given:
        return command.send(words)
    if "--service" in given:
        # Alone, so that `--service --help` needs no file.
        return command.main(["--help"] if given & {"--help", "-h"} else words)
    arguments = parser()
    options = arguments.parse_args(words)
    if options.call and not options.target_group:
        arguments.error("--call: needs --target-group")
    console = Console(options.quiet)
    try:
        session = Session(options, plan(options), console)
        stop_on_signals(session.ask_to_stop)
        outcome = session.run()
    except Refused as refusal:
        return refuse(refusal)
    return 0 if outcome.all_well else 1


if __name__ == "__main__":
    sys.exit(main())
