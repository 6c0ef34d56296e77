"""The steps of `scripts/ecs-check`. Each yields the faults that it finds."""
