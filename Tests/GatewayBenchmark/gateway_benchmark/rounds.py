"""Runs a scenario: all subjects in turn, round by round."""

import http.client
import os
import ssl
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from gateway_benchmark import Unusable, gatehouse, servers, wrk
from gateway_benchmark.gatehouse import APIS, ENDPOINTS, USERS, State
from gateway_benchmark.processes import Server
from gateway_benchmark.report import Outcome, Run
from gateway_benchmark.scenarios import Scenario
from gateway_benchmark.servers import Certificate
from gateway_benchmark.wrk import Load

# Requests of the list of the scenario with many routes and users.
LISTED = 10_000


@dataclass(frozen=True)
class Options:
    rounds: int
    seconds: int
    connections: int
    threads: int
    upstream_workers: int
    # Gateways by the names of their rows.
    programs: dict[str, Path]


@dataclass
class Subject:
    server: Server
    port: int
    load: Load
    scheme: str = "http"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@dataclass
class Bench:
    """The upstream server, states and certificate that scenarios share."""

    options: Options
    work: Path
    upstream: Server
    upstream_port: int
    states: dict[tuple[Path, bool], State] = field(default_factory=dict)
    certificate: Certificate | None = None

    def state(self, program: Path, has_many: bool) -> State:
        if (program, has_many) not in self.states:
            self.states[program, has_many] = gatehouse.make_state(program, self.work, self.upstream_port, has_many)
        return self.states[program, has_many]

    def tls(self) -> Certificate:
        if not self.certificate:
            self.certificate = make_certificate(self.work)
        return self.certificate

    def connections(self, scenario: Scenario) -> int:
        return scenario.connections or self.options.connections


def make_certificate(work: Path) -> Certificate:
    made = Certificate(work / "tls.crt", work / "tls.key")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    made.both.write_text(made.certificate.read_text() + made.key.read_text())
    return made


def proxy_routes(scenario: Scenario) -> list[str]:
    if scenario.has_many:
        return [f"/api/rest/api{api:03}/v1/things{number}/" for api in range(APIS) for number in range(ENDPOINTS)]
    return ["/api/rest/public/v1/", "/api/rest/secured/v1/"]


def make_load(bench: Bench, scenario: Scenario, token: str | None, is_direct: bool) -> Load:
    own = token or gatehouse.token_of(gatehouse.USER, None)
    headers = {"Authorization": f"Bearer {own}"} if scenario.api == "secured" else {}
    if scenario.closes:
        headers["Connection"] = "close"
    if scenario.body:
        headers["Content-Type"] = "application/octet-stream"
    if not scenario.has_many:
        prefix = "" if is_direct else f"/api/rest/{scenario.api}/v1"
        return Load(scenario.method, f"{prefix}/{scenario.path}", headers, scenario.body)
    # Every user has another route at each of its calls.
    tokens = [gatehouse.token_of(gatehouse.user_name(number), token) for number in range(USERS)]
    lines = []
    for number in range(LISTED):
        route = (number * 7 + number // USERS * 31) % (APIS * ENDPOINTS)
        api, endpoint = divmod(route, ENDPOINTS)
        prefix = "" if is_direct else f"/api/rest/api{api:03}/v1"
        lines.append(f"{prefix}/things{endpoint}/{number}/parts {tokens[number % USERS]}\n")
    path = bench.work / ("direct.list" if is_direct else "proxy.list")
    path.write_text("".join(lines))
    return Load("GET", "", {}, list=path)


def check(subject: Subject) -> None:
    """Sends one call, which must be answered with 200."""
    load = subject.load
    path, headers = load.path, dict(load.headers)
    if load.list:
        path, token = load.list.read_text().split("\n", 1)[0].split(" ")
        headers["Authorization"] = f"Bearer {token}"
    if subject.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", subject.port, timeout=30, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=30)
    try:
        connection.request(load.method, path, b"x" * load.body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unusable(f"{load.method} {path}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise Unusable(f"{load.method} {path} answered {answer.status}: {content[:200].decode(errors='replace')}")
    if not subject.load.list and load.path.rsplit("/", 1)[1] in servers.SIZES:
        expected = servers.SIZES[load.path.rsplit("/", 1)[1]]
    else:
        expected = len(servers.SMALL)
    if len(content) != expected:
        raise Unusable(f"{load.method} {path} answered {len(content)} bytes in place of {expected}")


def pool_settings(connections: int) -> dict[str, str]:
    """The gateway's connections to servers, for a number of clients."""
    return {"HTTP_MAX_CONNECTIONS": str(max(100, connections)), "HTTP_MAX_KEEPALIVE": str(max(64, connections))}


def start_subjects(bench: Bench, scenario: Scenario, stack: ExitStack, outcome: Outcome) -> dict[str, Subject]:
    """Starts all subjects afresh. One that can't answer is refused."""
    certificate = bench.tls() if scenario.has_tls else None
    connections = bench.connections(scenario)
    routes = proxy_routes(scenario)
    scheme = "https" if certificate else "http"
    token: str | None = None
    log = scenario.has_log
    starts: dict[str, Callable[[], tuple[Server, int]]] = {
        "nginx": lambda: servers.start_nginx(
            bench.work, bench.upstream_port, connections, routes, certificate, has_log=log
        ),
        "HAProxy": lambda: servers.start_haproxy(bench.work, bench.upstream_port, routes, certificate, has_log=log),
    }
    settings = pool_settings(connections) | ({"LOG_LEVEL": "INFO", "ACCESS_LOG": "all"} if log else {})
    for name, program in bench.options.programs.items():
        state = bench.state(program, scenario.has_many)
        token = state.token
        starts[name] = lambda name=name, program=program, state=state: gatehouse.start(
            name, program, bench.work, state, certificate, settings
        )
        if certificate and "SSL_CERTFILE" not in _help(program):
            del starts[name]
            outcome.refused[name] = "it has no SSL_CERTFILE"
    subjects = {}
    if not certificate:
        load = make_load(bench, scenario, token, is_direct=True)
        subjects["upstream"] = Subject(bench.upstream, bench.upstream_port, load)
    load = make_load(bench, scenario, token, is_direct=False)
    for name, start in starts.items():
        try:
            server, port = start()
            stack.callback(server.stop)
            subject = Subject(server, port, load, scheme)
            check(subject)
            subjects[name] = subject
        except Unusable as reason:
            outcome.refused[name] = str(reason)
    return subjects


def _help(program: Path) -> str:
    return subprocess.run([str(program), "--help"], capture_output=True, text=True, check=True).stdout


def run(bench: Bench, scenario: Scenario) -> Outcome:
    outcome = Outcome(scenario.name)
    with ExitStack() as stack:
        subjects = start_subjects(bench, scenario, stack, outcome)
        for subject in subjects.values():
            measure(bench, scenario, subject, seconds=1)
        names = list(subjects)
        for number in range(bench.options.rounds):
            # Each round begins with another subject.
            first = number % len(names)
            for name in names[first:] + names[:first]:
                measured = measure(bench, scenario, subjects[name], bench.options.seconds)
                outcome.runs.setdefault(name, []).append(measured)
        outcome.runs = {name: outcome.runs[name] for name in names}
        for name, subject in subjects.items():
            try:
                check(subject)
            except Unusable as reason:
                outcome.refused[name] = f"after the load: {reason}"
    return outcome


def measure(bench: Bench, scenario: Scenario, subject: Subject, seconds: int) -> Run:
    """One turn of a subject."""
    before = subject.server.processor_seconds()
    connections = bench.connections(scenario)
    result = wrk.run(subject.load, subject.origin, connections, bench.options.threads, seconds, bench.work)
    used = subject.server.processor_seconds() - before
    resident = subject.server.resident_mebibytes()
    lines = _take_log(subject.server) if scenario.has_log and subject.server is not bench.upstream else None
    return Run(result, used, resident, connections, lines)


def _take_log(server: Server) -> int:
    """Counts the lines of a turn, and empties the file."""
    with server.log.open("rb") as log:
        lines = sum(1 for _ in log)
    os.truncate(server.log, 0)
    if not lines:
        raise Unusable(f"{server.name} wrote no log of its calls")
    return lines
