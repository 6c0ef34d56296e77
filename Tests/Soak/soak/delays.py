"""Judges delays: what of a slow call's time the machine took, or the gateway's own threads, and what remains for the gateway."""

import bisect
from dataclasses import dataclass
from typing import Any

LIMIT = 0.010


@dataclass(frozen=True)
class Slow:
    """A call above the limit, with the parts of its time in seconds."""

    kind: str
    begin: float
    seconds: float
    # The longest control call in its time, or time that the client itself did not run.
    control: float
    # Time that an event loop waited for its processor, and the part of it in which other threads of the gateway had it.
    waited: float
    own: float
    # Time that the host took the processor of an event loop from this machine.
    stolen: float

    @property
    def explained(self) -> float:
        """The time that control, and waiting for other processes or for the host, explain."""
        return self.control + max(self.waited - self.own, self.stolen)

    @property
    def rest(self) -> float:
        """The time that nothing explains."""
        return self.seconds - self.explained

    @property
    def is_own(self) -> bool:
        """Whether the gateway caused more than the limit. All measures have errors, which grow with what they explain."""
        return self.rest > LIMIT + self.explained / 4


class Spans:
    """Intervals by their begins, for a search of those that overlap another one."""

    def __init__(self, spans: list[tuple[float, ...]]) -> None:
        self.spans = sorted(spans)
        self.begins = [span[0] for span in self.spans]
        self.longest = max((span[1] - span[0] for span in self.spans), default=0.0)

    def overlapping(self, begin: float, end: float) -> list[tuple[float, ...]]:
        first = bisect.bisect_left(self.begins, begin - self.longest)
        last = bisect.bisect_right(self.begins, end)
        return [span for span in self.spans[first:last] if span[1] >= begin]


def judge(
    loads: list[dict[str, Any]], waits: list[list[float]], steals: list[list[float]], kinds: set[str]
) -> list[Slow]:
    """All calls of the kinds that were right, but took more than the limit."""
    waiting, stealing = Spans([tuple(wait) for wait in waits]), Spans([tuple(steal) for steal in steals])
    slow = []
    # Calls that took 60 s are another fault.
    for load in loads:
        control = Spans([tuple(span) for span in load["control"]])
        stalls = Spans([tuple(span) for span in load["stalls"]])
        for _, kind, begin, end, _, is_right, _ in load["notable"]:
            if kind not in kinds or not is_right or end - begin <= LIMIT:
                continue
            control_time = max((span[1] - span[0] for span in control.overlapping(begin, end)), default=0.0)
            stalled = sum(min(span[1], end) - max(span[0], begin) for span in stalls.overlapping(begin, end))
            found = waiting.overlapping(begin, end)
            waited, own = sum(wait[2] for wait in found), sum(min(wait[2], wait[3]) for wait in found)
            stolen = sum(steal[2] for steal in stealing.overlapping(begin, end))
            slow.append(Slow(kind, begin, end - begin, max(control_time, stalled), waited, own, stolen))
    return slow


def percentile(histogram: list[int], bounds: list[float], part: float) -> float:
    """The upper bound of the step that has the percentile, in milliseconds."""
    need, seen = sum(histogram) * part, 0
    for at, count in enumerate(histogram):
        seen += count
        if seen >= need and count:
            return bounds[min(at, len(bounds) - 1)] * 1000
    return 0.0
