"""The settings that docs/configuration.md knows."""

import re
from functools import cache

from .template import ECS_DIRECTORY


@cache
def known_settings() -> frozenset[str]:
    page = (ECS_DIRECTORY.parent / "docs" / "configuration.md").read_text(encoding="utf-8")
    return frozenset(re.findall(r"`([A-Z][A-Z0-9_]+)`", page))
