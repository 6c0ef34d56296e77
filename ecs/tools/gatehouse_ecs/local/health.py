"""Health checks: when they run, and what their results come to."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatehouse_ecs.local.definition import HealthCheck

UNKNOWN, HEALTHY, UNHEALTHY = "UNKNOWN", "HEALTHY", "UNHEALTHY"


@dataclass
class HealthVerdict:
    """What a row of results means. Times are seconds of a clock that only goes forward."""

    retries: int
    start_period: float
    started_at: float
    status: str = UNKNOWN
    failures: int = 0

    def note(self, is_well: bool, began_at: float) -> bool:
        """Takes one result in; whether the status changed. Failures do not count while the start period lasts and nothing was healthy
        yet; one success ends them."""
        before = self.status
        if is_well:
            self.failures = 0
            self.status = HEALTHY
        elif self.status != UNKNOWN or began_at - self.started_at >= self.start_period:
            self.failures += 1
            if self.failures >= self.retries:
                self.status = UNHEALTHY
        return self.status != before


class HealthMonitor:
    """Runs a container's check on a thread of its own: the first after one interval, each next one interval after the end of the one
    before it."""

    def __init__(
        self,
        check: HealthCheck,
        run: Callable[[Sequence[str], float], tuple[int, str]],
        report: Callable[[str, int, str], None],
    ) -> None:
        """`run(line, timeout)` → (exit code, output); `report(status, exit code, output)` is called when the status changes."""
        self._check = check
        self._run = run
        self._report = report
        self._ended = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._loop, daemon=True).start()

    def end(self) -> None:
        self._ended.set()

    def _loop(self) -> None:
        verdict = HealthVerdict(self._check.retries, self._check.start_period, time.monotonic())
        while not self._ended.wait(self._check.interval):
            began_at = time.monotonic()
            exit_code, output = self._run(self._check.line, self._check.timeout)
            if self._ended.is_set():
                return
            if verdict.note(exit_code == 0, began_at):
                self._report(verdict.status, exit_code, output)
