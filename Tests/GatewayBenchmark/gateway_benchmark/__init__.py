"""Measures the data plane of the gateway beside nginx and HAProxy."""


class Unusable(Exception):
    """A benchmark can't be run; the text says why."""
