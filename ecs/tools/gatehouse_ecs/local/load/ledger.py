"""What was acknowledged, and whether it was kept. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from math import floor


@dataclass
class Entry:
    """A document that one writer alone changes, one change after the other. `None`: it is not there."""

    # What the last acknowledged change made of it.
    value: int | None = None
    # What changes of unknown outcome may have made of it since.
    in_doubt: set[int | None] = field(default_factory=set)

    def allows(self, found: int | None) -> bool:
        return found == self.value or found in self.in_doubt


class Ledger:
    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.acknowledged = 0

    def acknowledge(self, name: str, value: int | None) -> None:
        self.acknowledged += 1
        self.entries[name] = Entry(value)

    def doubt(self, name: str, value: int | None) -> None:
        """The change was asked for, and what came of it is not known."""
        self.entries.setdefault(name, Entry()).in_doubt.add(value)

    def settle(self, name: str, value: int | None) -> None:
        """It was read after the change in doubt was over."""
        self.entries[name] = Entry(value)

    def fault(self, name: str, found: int | None) -> str | None:
        """`None` when `found` is what it may be."""
        entry = self.entries[name]
        if entry.allows(found):
            return None
        wanted = "to be gone" if entry.value is None else f"to have the value {entry.value}"
        seen = "is not there" if found is None else f"has the value {found}"
        return f"{name} {seen}, and was acknowledged {wanted}"


class Windows:
    """Calls of a user with a limit, in the gateway's windows of one second.

    A task that was on standby follows the clock of the task that wrote, so its windows may begin a little later than the
    seconds of the wall clock. A fault is one that no such delay explains.
    """

    DELAYS = tuple(hundredths / 100 for hundredths in range(0, 51, 2))

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._calls: list[tuple[float, float]] = []

    def admit(self, began: float, ended: float) -> str | None:
        """Takes a call that went on; times of the wall clock. One that went over the end of a window counts in none."""
        self._calls = [call for call in self._calls if call[1] > began - 3] + [(began, ended)]
        if any(self._most(delay) <= self._limit for delay in self.DELAYS):
            return None
        # A fault is told once.
        self._calls = []
        return f"more than {self._limit} calls went on in a second, at {began:.2f}"

    def _most(self, delay: float) -> int:
        windows = Counter(
            floor(began - delay) for began, ended in self._calls if floor(began - delay) == floor(ended - delay)
        )
        return max(windows.values(), default=0)


class Watermarks:
    """The highest value that was read of each document on one connection."""

    def __init__(self) -> None:
        self._connection = 0
        self._highest: dict[str, int] = {}

    def went_back(self, connection: int, name: str, value: int) -> str | None:
        if connection != self._connection:
            self._connection, self._highest = connection, {}
        before = self._highest.get(name, value)
        self._highest[name] = max(before, value)
        return f"{name} was {before}, and then {value} on the same connection" if value < before else None
