"""What happened, when, and how much of its budget each container used."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

WIDTH = 20


@dataclass(frozen=True)
class Event:
    # Seconds of a clock that only goes forward.
    at: float
    who: str
    what: str
    # Of a stop: seconds used since SIGTERM, and seconds that it had.
    used: float | None = None
    budget: float | None = None


@dataclass(frozen=True)
class Ending:
    """How the task ended."""

    reason: str
    all_well: bool
    sentence: str
    receipt: str


class Timeline:
    def __init__(self, announce: Callable[[Event], None] = lambda _: None) -> None:
        self._events: list[Event] = []
        self._lock = threading.Lock()
        self._announce = announce
        self.zero: float | None = None

    def add(self, at: float, who: str, what: str, used: float | None = None, budget: float | None = None) -> None:
        event = Event(at, who, what, used, budget)
        with self._lock:
            self._events.append(event)
        self._announce(event)

    def note(self, who: str, what: str) -> None:
        self.add(time.monotonic(), who, what)

    def start_counting(self, at: float) -> None:
        """The stop begins here; only the first call counts."""
        if self.zero is None:
            self.zero = at

    @property
    def events(self) -> list[Event]:
        with self._lock:
            return sorted(self._events, key=lambda event: event.at)

    def seconds(self, event: Event) -> float:
        return event.at - (self.zero if self.zero is not None else event.at)

    def text(self, ending: Ending) -> str:
        """For people: a line an event, those of before the stop with times below zero."""
        width = max((len(event.who) for event in self.events), default=4)
        before = [event for event in self.events if self.zero is None or event.at < self.zero]
        after = [event for event in self.events if event not in before]
        lines = ["start:"] + [self._line(event, width) for event in before]
        lines += [f"stop: {ending.reason}"] + [self._line(event, width) for event in after]
        lines += [f" receipt: {ending.receipt}", f" {ending.sentence}"]
        return "\n".join(lines) + "\n"

    def _line(self, event: Event, width: int) -> str:
        line = f"{self.seconds(event) + 0.0:8.2f} s  {event.who:<{width}}  {event.what}"
        if event.budget is None:
            return line
        return f"{line:<{width + 32}}  {bar(event.used, event.budget)}  {event.used:.1f} of {event.budget:g} s"

    def json(self, ending: Ending, containers: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return {
            "stop": ending.reason,
            "well": ending.all_well,
            "sentence": ending.sentence,
            "receipt": ending.receipt,
            "containers": containers,
            "events": [
                {"seconds": round(self.seconds(event), 3), "container": event.who, "event": event.what}
                | ({} if event.budget is None else {"used": round(event.used, 3), "budget": event.budget})
                for event in self.events
            ],
        }


def bar(used: float, budget: float) -> str:
    share = used / budget if budget else 1
    full = min(WIDTH, max(1, round(share * WIDTH)))
    return f"|{'#' * full}{'.' * (WIDTH - full)}|"
