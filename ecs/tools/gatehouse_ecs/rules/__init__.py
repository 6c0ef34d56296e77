"""The rules that every deployment must meet."""

from . import access, containers, durability, monitoring, replacement, volumes
from .rule import RULES, Deployment, Finding, Rule, check

__all__ = [
    "RULES",
    "Deployment",
    "Finding",
    "Rule",
    "access",
    "check",
    "containers",
    "durability",
    "monitoring",
    "replacement",
    "volumes",
]
