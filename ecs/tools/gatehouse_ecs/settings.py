"""The names that the pages in docs/ document: settings, and metrics of the sidecar's status line."""

import re
from functools import cache

from .template import ECS_DIRECTORY

DOCS = ECS_DIRECTORY.parent / "docs"


@cache
def known_settings() -> frozenset[str]:
    page = (DOCS / "reference/configuration.md").read_text(encoding="utf-8")
    return frozenset(re.findall(r"`([A-Z][A-Z0-9_]+)`", page))


@cache
def known_figures() -> frozenset[str]:
    page = (DOCS / "reference/metrics.md").read_text(encoding="utf-8")
    section = page.split("\n## Status line\n")[1].split("\n#")[0]
    return frozenset(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))
