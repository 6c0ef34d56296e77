"""What a part of the soak test found: lines to print, and problems that fail it."""

from dataclasses import dataclass, field

SHOWN = 12


@dataclass
class Verdict:
    part: str
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.lines.append(line)
        print(f"  {line}", flush=True)

    def require(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)

    def add(self, problems: list[str], what: str) -> None:
        self.problems += problems[:SHOWN]
        if len(problems) > SHOWN:
            self.problems.append(f"{what}: {len(problems) - SHOWN} more problems")

    def conclude(self) -> bool:
        for problem in self.problems:
            print(f"  PROBLEM: {problem}", flush=True)
        print(f"{self.part}: {'failed' if self.problems else 'passed'}", flush=True)
        return not self.problems
