"""What happened in the service, when and to which task: a line an event, as it happens."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    # Seconds since the start.
    seconds: float
    who: str
    what: str


class Story:
    """Told from any thread."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._zero = time.monotonic()
        self.events: list[Event] = []

    def tell(self, who: str, what: str) -> None:
        with self._lock:
            event = Event(time.monotonic() - self._zero, who, what)
            self.events.append(event)
        self._write(f"{event.seconds:9.2f} s  {who:<12}  {what}\n")

    def json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{"seconds": round(one.seconds, 3), "who": one.who, "event": one.what} for one in self.events]
