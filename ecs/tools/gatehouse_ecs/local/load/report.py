"""The count of a load: calls, failures by cause, and faults of what was acknowledged or read."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 5


@dataclass
class Report:
    """`excuse(kind, target, since)` names the killed task that a failed call was on, or is `None`; `since`: when the call began, by
    a clock that only goes forward."""

    excuse: Callable[[str, str, float], str | None] = lambda _kind, _target, _since: None
    calls: Counter[str] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    excused: Counter[tuple[str, str]] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    went_back: list[str] = field(default_factory=list)
    over_limit: list[str] = field(default_factory=list)
    acknowledged: int = 0
    # Whether the acknowledged changes were looked for at the end.
    is_checked: bool = False
    # The longest time between two acknowledged changes of one writer.
    longest_gap: float = 0
    longest_answer: float = 0

    def fail(self, kind: str, what: str, target: str, since: float) -> None:
        if excuse := self.excuse(kind, target, since):
            self.excused[kind, excuse] += 1
        else:
            self.failures[kind, what] += 1

    def done(self, kind: str, since: float) -> None:
        self.calls[kind] += 1
        self.longest_answer = max(self.longest_answer, time.monotonic() - since)

    @property
    def is_well(self) -> bool:
        return self.is_checked and not (self.failures or self.missing or self.went_back or self.over_limit)

    def text(self) -> str:
        made = ", ".join(f"{count} {kind}" for kind, count in sorted(self.calls.items()))
        lines = [f"load: {sum(self.calls.values())} calls ({made})"]
        lines.append(f"  {sum(self.failures.values())} failed calls")
        lines += [f"    {count} x {kind}: {what}" for (kind, what), count in self.failures.most_common()]
        if self.excused:
            lines.append(f"  {sum(self.excused.values())} failed calls that a kill explains")
            lines += [f"    {count} x {kind}: {what}" for (kind, what), count in self.excused.most_common()]
        if self.is_checked:
            lines.append(f"  {len(self.missing)} of {self.acknowledged} acknowledged changes are missing")
        else:
            lines.append("  the acknowledged changes were not looked for: the end came too early")
        lines += [f"    {one}" for one in self.missing[:EXAMPLES]]
        lines.append(f"  {len(self.went_back)} reads went back")
        lines += [f"    {one}" for one in self.went_back[:EXAMPLES]]
        lines.append(f"  {len(self.over_limit)} times a limit let too many calls through")
        lines += [f"    {one}" for one in self.over_limit[:EXAMPLES]]
        lines.append(
            f"  longest answer {self.longest_answer:.2f} s, longest time of a writer without a change "
            f"{self.longest_gap:.2f} s"
        )
        return "\n".join(lines) + "\n"

    def json(self) -> dict[str, Any]:
        def listed(found: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
            return [{"kind": kind, "cause": what, "count": count} for (kind, what), count in found.most_common()]

        return {
            "well": self.is_well,
            "calls": dict(self.calls),
            "failures": listed(self.failures),
            "excused": listed(self.excused),
            "acknowledged": self.acknowledged,
            "missing": self.missing,
            "went_back": self.went_back,
            "over_limit": self.over_limit,
            "longest_gap": round(self.longest_gap, 3),
            "longest_answer": round(self.longest_answer, 3),
        }
