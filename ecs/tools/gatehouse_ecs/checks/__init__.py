"""The steps of `scripts/ecs-check`: each yields what is wrong."""
