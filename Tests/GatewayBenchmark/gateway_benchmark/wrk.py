"""Load by wrk, and what it reports."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gateway_benchmark import Unusable

DONE = """
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nRESULT {"calls":%d,"microseconds":%d,"bytes":%d,"mean":%d,"p50":%d,"p99":%d,"p999":%d,'
      .. '"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\\n',
    summary.requests, summary.duration, summary.bytes,
    latency.mean, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
"""

# Each thread starts at another place of the list.
MANY = """
local count = 0
function setup(thread)
  thread:set("place", count * {step})
  count = count + 1
end
local requests = {{}}
function init(arguments)
  for line in io.lines({file}) do
    local path, token = line:match("(%S+) (%S+)")
    wrk.headers["Authorization"] = "Bearer " .. token
    requests[#requests + 1] = wrk.format("GET", {prefix} .. path)
  end
end
function request()
  place = place % #requests + 1
  return requests[place]
end
"""


@dataclass(frozen=True)
class Load:
    """Requests as wrk sends them."""

    method: str
    path: str
    headers: dict[str, str]
    body: int = 0
    # A file with lines of a path and a token, which are used in turn.
    list: Path | None = None


@dataclass(frozen=True)
class Result:
    """What wrk saw in one run. Times are in microseconds."""

    calls: int
    microseconds: int
    bytes: int
    mean: int
    p50: int
    p99: int
    p999: int
    status: int
    connect: int
    read: int
    write: int
    timeout: int

    @property
    def rate(self) -> float:
        return self.calls / self.microseconds * 1e6

    @property
    def awaited(self) -> float:
        """How many connections waited for an answer that came, on average (Little's law)."""
        return self.calls * self.mean / self.microseconds

    @property
    def socket_errors(self) -> int:
        return self.connect + self.read + self.write + self.timeout


def quoted(text: str) -> str:
    """The text as Lua spells it; JSON differs from Lua in characters beyond ASCII only."""
    return json.dumps(text)


def script(load: Load) -> str:
    lines = [f"wrk.headers[{quoted(name)}] = {quoted(value)}" for name, value in load.headers.items()]
    if load.list:
        lines.append(MANY.format(file=quoted(str(load.list)), prefix=quoted(load.path), step=997))
    else:
        lines += [f"wrk.method = {quoted(load.method)}", f"wrk.path = {quoted(load.path)}"]
        if load.body:
            lines.append(f'wrk.body = string.rep("0123456789abcdef", {load.body // 16})')
    return "\n".join(lines) + DONE


def run(load: Load, origin: str, connections: int, threads: int, seconds: int, work: Path) -> Result:
    path = work / "load.lua"
    path.write_text(script(load))
    command = ["wrk", f"-t{min(threads, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    done = subprocess.run([*command, "-s", str(path), origin], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return Result(**json.loads(line.removeprefix("RESULT ")))
    raise Unusable(f"wrk failed:\n{done.stdout}{done.stderr}")
