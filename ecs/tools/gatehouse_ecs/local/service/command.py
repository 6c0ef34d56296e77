"""The command line of `scripts/ecs-local --service`."""

import sys
from pathlib import Path

from gatehouse_ecs.local import Refused
from gatehouse_ecs.local.command_line import Parser, count, port, positive, refuse, seconds, stop_on_signals
from gatehouse_ecs.local.console import Console
from gatehouse_ecs.local.service import control, script
from gatehouse_ecs.local.service.run import NOT_IN_ORDER, WELL, Options, ServiceRun
from gatehouse_ecs.local.service.targets import GroupSettings

HELP = "scripts/ecs-local --service --help"
GROUP = GroupSettings()
EXIT_CODES = (
    "Exit codes: 0 all in order; 1 a deployment failed, or a task did not end in order; 2 the load found failed calls, "
    "missing changes, reads that went back, or limits passed; 64 wrong arguments; 65 the service can't be run."
)


def parser() -> Parser:
    parser = Parser(
        HELP,
        description="Runs a service on this machine as ECS would: several tasks as plain processes, deployments, a load balancer, "
        "two zones. Ctrl-C stops it in order; a second one kills all.",
        epilog=EXIT_CODES,
    )
    add = parser.add_argument
    add("definition", metavar="TASK-DEFINITION.json", type=Path)
    add("--service", metavar="SERVICE.json", type=Path, required=True, help="the service that is rendered beside it")
    add("--secrets", metavar="FILE", type=Path, help="values of its secrets: a JSON object, or lines NAME=value")
    add("--data", metavar="DIR", type=Path, default=Path("generated"), help="stands for the EFS volume (generated)")
    add("--bin", metavar="DIR", type=Path, help="where programs are looked up before PATH")
    add("--port", metavar="N", type=port, default=0, help="of the load balancer on 127.0.0.1 (the system picks)")
    add("--control", metavar="PATH", type=Path, help="the socket for commands (one in a directory of its own)")
    steps = parser.add_argument_group("what happens by itself, and then the service stops")
    steps.add_argument("--deploy", metavar="NEW.json", help="deploy this definition once all is steady")
    steps.add_argument("--deployments", metavar="N", type=count, default=1, help="so many times, one after the other")
    steps.add_argument("--kill-task", metavar="WHICH", help="SIGKILL to a task: holder, standby, any, or its number")
    steps.add_argument("--kills", metavar="N", type=count, default=1, help="so many times, one after the other")
    steps.add_argument(
        "--kill-zone", metavar="ZONE", choices=("a", "b"), help="SIGKILL to all tasks of a zone, for good"
    )
    steps.add_argument(
        "--seconds", metavar="S", type=seconds, help="before each step and after the last (5); alone: run so long"
    )
    steps.add_argument(
        "--load",
        action="store_true",
        help="clients that call, log in, change and read; the exit code tells what failed",
    )
    group = parser.add_argument_group("the load balancer")
    group.add_argument("--health-path", metavar="PATH", default=GROUP.path, help=f"({GROUP.path})")
    group.add_argument(
        "--health-interval",
        metavar="S",
        type=positive,
        default=GROUP.interval,
        help=f"between checks ({GROUP.interval})",
    )
    group.add_argument("--healthy-threshold", metavar="N", type=count, default=GROUP.healthy, help=f"({GROUP.healthy})")
    group.add_argument(
        "--unhealthy-threshold", metavar="N", type=count, default=GROUP.unhealthy, help=f"({GROUP.unhealthy})"
    )
    group.add_argument(
        "--deregistration-delay",
        metavar="S",
        type=seconds,
        default=GROUP.delay,
        help=f"between the last healthy moment of a target and its SIGTERM ({GROUP.delay})",
    )
    group.add_argument(
        "--lag", metavar="S", type=seconds, default=GROUP.lag, help=f"a target that drains gets calls yet ({GROUP.lag})"
    )
    group.add_argument(
        "--sticky", action="store_true", help="a connection stays with its target, as with the cookie of an ALB"
    )
    add("--hasten", metavar="N", type=positive, default=1.0, help="divide the intervals of all health checks by N")
    say = parser.add_argument_group("what it says")
    say.add_argument("--logs", metavar="DIR", type=Path, help="write the output of containers there, a file each")
    say.add_argument("--timeline", metavar="FILE.json", type=Path, help="write the timeline and the count as JSON, too")
    return parser


def options(words: list[str]) -> Options:
    found = parser().parse_args(words)
    steps = script.write(found.deploy, found.deployments, found.kill_task, found.kills, found.kill_zone)
    ends = bool(steps) or found.seconds is not None
    return Options(
        task=found.definition,
        service=found.service,
        data=found.data.resolve(),
        secrets=found.secrets,
        programs=found.bin.resolve() if found.bin else None,
        port=found.port,
        control=found.control,
        logs=found.logs,
        timeline=found.timeline,
        group=GroupSettings(
            path=found.health_path,
            interval=found.health_interval / found.hasten,
            healthy=found.healthy_threshold,
            unhealthy=found.unhealthy_threshold,
            delay=found.deregistration_delay,
            lag=found.lag,
        ),
        is_sticky=found.sticky,
        haste=found.hasten,
        script=script.Script(steps, 5.0 if found.seconds is None else found.seconds, ends),
        with_load=found.load,
    )


def main(words: list[str]) -> int:
    asked = options(words)
    console = Console(False)
    try:
        run = ServiceRun(asked, console.write)
        stop_on_signals(run.ask_to_stop)
        return run.run()
    except Refused as refusal:
        return refuse(refusal)


def send(words: list[str]) -> int:
    """A command to a service that runs."""
    parser = Parser(HELP, description="Gives a command to a service that runs.")
    parser.add_argument("--to", metavar="SOCKET", type=Path, required=True, help="the socket that it said at its start")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--deploy", metavar="NEW.json", type=Path)
    what.add_argument("--kill-task", metavar="WHICH", help="holder, standby, any, or its number")
    what.add_argument("--kill-zone", metavar="ZONE")
    what.add_argument("--status", action="store_true")
    what.add_argument("--stop", action="store_true")
    parser.add_argument("--wait", action="store_true", help="until the service is steady again")
    found = parser.parse_args(words)
    chosen = {"deploy": found.deploy and str(found.deploy.resolve()), "kill-task": found.kill_task}
    chosen |= {"kill-zone": found.kill_zone, "status": found.status, "stop": found.stop}
    kind, value = next((kind, value) for kind, value in chosen.items() if value)
    try:
        is_well, text = control.send(found.to, {"do": kind, "what": value, "wait": found.wait})
    except Refused as refusal:
        return refuse(refusal)
    print(text, file=sys.stdout if is_well else sys.stderr)
    return WELL if is_well else NOT_IN_ORDER
