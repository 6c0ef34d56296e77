"""Tools for running Gatehouse on ECS."""
