"""What the command lines of `scripts/ecs-local` have in common."""

import argparse
import re
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from gatehouse_ecs.local import Refused

USAGE, UNUSABLE = 64, 65


class Parser(argparse.ArgumentParser):
    def __init__(self, help_command: str, **options: Any) -> None:
        """`help_command`: lists the options, for whoever gets them wrong."""
        super().__init__(prog="scripts/ecs-local", allow_abbrev=False, **options)
        self._help_command = help_command

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"ecs-local: {message}; see {self._help_command}\n")


# The kinds of values. argparse names them in its messages.


def _checked(value: Any, is_right: bool) -> Any:
    if not is_right:
        raise ValueError
    return value


def positive(text: str) -> float:
    return _checked(value := float(text), 0 < value < 1e6)


def seconds(text: str) -> float:
    return _checked(value := float(text), 0 <= value < 1e6)


def milliseconds(text: str) -> int:
    return _checked(value := int(text), 1 <= value <= 60_000)


def count(text: str) -> int:
    return _checked(value := int(text), 1 <= value <= 100_000)


def call(text: str) -> str:
    return _checked(text, re.fullmatch(r"/api/rest/[!-~]+", text) is not None)


def port(text: str) -> int:
    return _checked(value := int(text), 0 <= value <= 65_535)


def stop_on_signals(ask_to_stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ask_to_stop())


def refuse(refusal: Refused) -> int:
    """→ the exit code"""
    print(f"ecs-local: {refusal}", file=sys.stderr)
    return UNUSABLE
