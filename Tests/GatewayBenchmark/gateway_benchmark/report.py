"""What the rounds come to: a table for people, and JSON lines for programs."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from gateway_benchmark.wrk import Result

YARDSTICK = "nginx"
# The connections that a run keeps busy, as a share.
LEAST_SHARE = 0.25


@dataclass(frozen=True)
class Run:
    """One run of wrk against one subject."""

    result: Result
    processor_seconds: float
    resident_mebibytes: float
    connections: int
    # Lines of calls in its log, where it writes one.
    lines: int | None = None

    @property
    def cost(self) -> float:
        """Seconds of processor time for 100,000 calls."""
        return self.processor_seconds / max(1, self.result.calls) * 100_000

    @property
    def stalled(self) -> bool:
        """Whether most connections waited for an answer that never came, which wrk does not report."""
        return self.result.awaited < self.connections * LEAST_SHARE


@dataclass
class Outcome:
    """All runs of one scenario, by subject."""

    scenario: str
    runs: dict[str, list[Run]] = field(default_factory=dict)
    # Subjects that could not be measured, and why.
    refused: dict[str, str] = field(default_factory=dict)
    # The subject that the others are compared with.
    yardstick: str = YARDSTICK

    def summary(self, subject: str) -> dict[str, object]:
        runs = self.runs[subject]
        yardstick = self.runs.get(self.yardstick, [])
        pairs = list(zip(runs, yardstick, strict=len(runs) == len(yardstick)))
        rates = [one.result.rate / max(1.0, other.result.rate) for one, other in pairs]
        costs = [one.cost / other.cost for one, other in pairs if other.cost > 0]
        status = sum(run.result.status for run in runs)
        socket = sum(run.result.socket_errors for run in runs)
        stalled = sum(run.stalled for run in runs)
        logged = sum(run.lines for run in runs if run.lines is not None)
        has_log = any(run.lines is not None for run in runs)
        return {
            "scenario": self.scenario,
            "subject": subject,
            "rounds": len(runs),
            "calls_per_second": median(run.result.rate for run in runs),
            "ratio": median(rates) if rates else None,
            "ratio_min": min(rates, default=None),
            "ratio_max": max(rates, default=None),
            "p50_ms": median(run.result.p50 for run in runs) / 1000,
            "p99_ms": median(run.result.p99 for run in runs) / 1000,
            "p999_ms": median(run.result.p999 for run in runs) / 1000,
            "cpu_seconds_per_100k": median(run.cost for run in runs),
            "cpu_ratio": median(costs) if costs else None,
            "resident_mib": runs[-1].resident_mebibytes,
            "not_2xx": status,
            "socket_errors": socket,
            "stalled_rounds": stalled,
            "logged": logged / max(1, sum(run.result.calls for run in runs)) if has_log else None,
            "valid": status == socket == stalled == 0,
        }

    def table(self) -> str:
        lines = [
            f"  {'':14}{'calls/s':>10}{f'of {self.yardstick}':>10}{'(min … max)':>16}{'p50 ms':>9}{'p99 ms':>9}"
            f"{'p99.9 ms':>10}{'CPU s/100k':>12}{f'of {self.yardstick}':>10}{'RSS MiB':>9}"
        ]
        for subject in self.runs:
            one = self.summary(subject)
            span = "–" if one["ratio"] is None else f"{one['ratio_min']:.2f} … {one['ratio_max']:.2f}"
            lines.append(
                f"  {subject:14}{one['calls_per_second']:>10,.0f}{_shown(one['ratio']):>10}{span:>16}"
                f"{one['p50_ms']:>9.2f}{one['p99_ms']:>9.2f}{one['p999_ms']:>10.2f}"
                f"{one['cpu_seconds_per_100k']:>12.2f}{_shown(one['cpu_ratio']):>10}{one['resident_mib']:>9.1f}"
            )
            if isinstance(one["logged"], float):
                lines.append(f"    {one['logged']:.1%} of its calls have a line in the log")
            if not one["valid"]:
                lines.append(
                    f"    INVALID: {one['not_2xx']} answers not 2xx, {one['socket_errors']} socket errors, "
                    f"{one['stalled_rounds']} rounds with answers that never came"
                )
        lines += [f"  {subject}: not measured: {reason}" for subject, reason in self.refused.items()]
        return "\n".join(lines)

    def write(self, path: Path, machine: dict[str, object]) -> None:
        with path.open("a") as file:
            for subject, runs in self.runs.items():
                for number, run in enumerate(runs, 1):
                    one = {"kind": "run", "scenario": self.scenario, "subject": subject, "round": number}
                    cost = {"cpu_seconds": run.processor_seconds, "resident_mib": run.resident_mebibytes}
                    file.write(json.dumps({**one, **asdict(run.result), **cost}) + "\n")
                file.write(json.dumps({"kind": "summary", **self.summary(subject), "machine": machine}) + "\n")
            for subject, reason in self.refused.items():
                one = {"kind": "refused", "scenario": self.scenario, "subject": subject, "reason": reason}
                file.write(json.dumps(one) + "\n")


def _shown(ratio: object) -> str:
    return f"{ratio:.2f}" if isinstance(ratio, float) else "–"
