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
    page = (DOCS / "operate/sidecar.md").read_text(encoding="utf-8")
    paragraph = next(found for found in page.split("\n\n") if found.startswith("With `SIDECAR_STATUS_EVERY"))
    return frozenset(re.findall(r"`([a-z_]+)`", paragraph))
