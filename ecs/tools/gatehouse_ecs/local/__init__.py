"""Runs an ECS task definition on this machine as ECS would."""


class Refused(Exception):
    """The task can't be run as asked; the text says why and what to do."""
