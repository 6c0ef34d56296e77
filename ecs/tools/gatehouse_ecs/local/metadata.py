"""What the task metadata endpoint, version 4, answers."""

from gatehouse_ecs.local.definition import Container, TaskDefinition
from gatehouse_ecs.local.interfaces import Document
from gatehouse_ecs.local.states import TaskStates

ARN = "arn:aws:ecs:local:000000000000"


class Metadata:
    """Made anew for each request, so that it is true at that time."""

    def __init__(
        self, definition: TaskDefinition, states: TaskStates, run: str, address: str, zone: str = "local"
    ) -> None:
        """`address`: of the task in its network."""
        self._definition = definition
        self._address = address
        self._zone = zone
        self._states = states
        self.task_arn = f"{ARN}:task/local/{run}"

    def task(self) -> Document:
        with self._states.lock:
            return {
                "Cluster": "local",
                "TaskARN": self.task_arn,
                "Family": self._definition.family,
                "Revision": "1",
                "DesiredStatus": self._states.desired,
                "KnownStatus": self._states.known_status,
                "LaunchType": "FARGATE",
                "AvailabilityZone": self._zone,
                "Containers": [self._container(container) for container in self._definition.containers],
            }

    def container(self, name: str) -> Document:
        with self._states.lock:
            return self._container(self._definition[name])

    def _container(self, container: Container) -> Document:
        state = self._states[container.name]
        document: Document = {
            "DockerId": f"{self.task_arn.rsplit('/', 1)[1]}-{container.name}",
            "Name": container.name,
            "DockerName": container.name,
            "Image": container.image,
            "DesiredStatus": self._states.desired,
            "KnownStatus": state.known_status,
            "Type": "NORMAL",
            "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": [self._address], "AttachmentIndex": 0}],
            "ContainerARN": f"{ARN}:container/local/{container.name}",
        }
        if state.created:
            document |= {"CreatedAt": state.created, "StartedAt": state.created}
        if state.finished:
            document["FinishedAt"] = state.finished
        if state.exit_code is not None:
            document["ExitCode"] = state.exit_code
        if container.health_check:
            health: Document = {"status": state.health}
            if state.health_since:
                health |= {
                    "statusSince": state.health_since,
                    "exitCode": state.health_exit_code,
                    "output": state.health_output,
                }
            document["Health"] = health
        return document
