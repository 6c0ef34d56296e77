"""CloudWatch's filter patterns, as far as the templates and the pages use them: no account is needed to try one on a line."""

import fnmatch
import json
import re
from typing import Any

TERM = re.compile(r"""\(|\)|&&|\|\||>=|<=|!=|=|>|<|\$\.[\w.]+|"(?:[^"\\]|\\.)*"|[^\s()=<>!&|]+""")


def matches(pattern: str, line: str) -> bool:
    """Whether CloudWatch would take this line of a log."""
    pattern = pattern.strip()
    if pattern.startswith("{"):
        document = read(line)
        return document is not None and _Reader(pattern.strip("{} "), document).whole()
    # Words outside JSON: a line must have all of them.
    words = re.findall(r'"([^"]*)"|(\S+)', pattern)
    return all((quoted or word) in line for quoted, word in words)


def value(metric_value: str, line: str) -> float | None:
    """The value that a line adds to a metric: a number, or that of a field such as `$.dumps`."""
    if not metric_value.startswith("$."):
        return float(metric_value)
    found = (read(line) or {}).get(metric_value.removeprefix("$."))
    return float(found) if isinstance(found, int | float) else None


def read(line: str) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


class _Reader:
    """One pattern, read from left to right. `&&` binds more tightly than `||`."""

    def __init__(self, pattern: str, document: dict[str, Any]) -> None:
        self._terms = TERM.findall(pattern)
        self._document = document

    def whole(self) -> bool:
        found = self._any_of()
        assert not self._terms, f"not understood: {self._terms}"
        return found

    def _any_of(self) -> bool:
        found = self._all_of()
        while self._terms[:1] == ["||"]:
            self._terms.pop(0)
            found = self._all_of() or found
        return found

    def _all_of(self) -> bool:
        found = self._one()
        while self._terms[:1] == ["&&"]:
            self._terms.pop(0)
            found = self._one() and found
        return found

    def _one(self) -> bool:
        first = self._terms.pop(0)
        if first == "(":
            found = self._any_of()
            assert self._terms.pop(0) == ")"
            return found
        comparison, wanted = self._terms.pop(0), self._terms.pop(0)
        # A dot steps into an object, so a name that has one is never found.
        present: Any = self._document
        for name in first.removeprefix("$.").split("."):
            present = present.get(name) if isinstance(present, dict) else None
        return _compares(present, comparison, wanted)


def _compares(present: Any, comparison: str, wanted: str) -> bool:
    if present is None:
        return False
    if wanted.startswith('"'):
        is_alike = isinstance(present, str) and fnmatch.fnmatchcase(present, wanted[1:-1].replace("[", "[[]"))
        return is_alike if comparison == "=" else not is_alike
    if isinstance(present, bool) or not isinstance(present, int | float):
        return False
    number = float(wanted)
    return {
        "=": present == number,
        "!=": present != number,
        ">": present > number,
        ">=": present >= number,
        "<": present < number,
        "<=": present <= number,
    }[comparison]
