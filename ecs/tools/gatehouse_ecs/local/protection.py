"""Task protection as the ECS agent takes it: strict about its input, refused without a task role."""

import json
import threading
from datetime import UTC, datetime, timedelta

from gatehouse_ecs.local.interfaces import Answer, Document

DEFAULT_MINUTES = 120
LONGEST_MINUTES = 2880


class Protection:
    def __init__(self, task_arn: str, has_task_role: bool) -> None:
        self._task_arn = task_arn
        self._has_task_role = has_task_role
        self._lock = threading.Lock()
        self._expires: datetime | None = None

    def get(self) -> Answer:
        """→ (status, document)"""
        if not self._has_task_role:
            return self._refuse(403, "AccessDeniedException", "the task has no role: give it a taskRoleArn")
        with self._lock:
            if self._expires is not None and self._expires <= datetime.now(UTC):
                self._expires = None
            protection: Document = {"ProtectionEnabled": self._expires is not None, "TaskArn": self._task_arn}
            if self._expires is not None:
                protection["ExpirationDate"] = self._expires.isoformat(timespec="seconds").replace("+00:00", "Z")
            return 200, {"protection": protection}

    def put(self, body: bytes) -> tuple[int, Document, str]:
        """→ (status, document, what was asked for, in words)"""
        try:
            asked = json.loads(body)
        except ValueError:
            return *self._invalid("the body is not JSON"), "task protection"
        if not isinstance(asked, dict):
            return *self._invalid("the body must be an object"), "task protection"
        unknown = sorted(set(asked) - {"ProtectionEnabled", "ExpiresInMinutes"})
        enabled, minutes = asked.get("ProtectionEnabled"), asked.get("ExpiresInMinutes", DEFAULT_MINUTES)
        words = f"task protection {'on' if enabled is True else 'off' if enabled is False else '?'}"
        if unknown:
            return *self._invalid(f"unknown field {unknown[0]}"), words
        if not isinstance(enabled, bool):
            return *self._invalid("ProtectionEnabled must be true or false"), words
        if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= LONGEST_MINUTES:
            return *self._invalid(f"ExpiresInMinutes must be 1 to {LONGEST_MINUTES}"), words
        if self._has_task_role:
            with self._lock:
                self._expires = datetime.now(UTC) + timedelta(minutes=minutes) if enabled else None
        if enabled:
            words += f" for {minutes} min"
        return *self.get(), words

    def _invalid(self, message: str) -> Answer:
        return self._refuse(400, "InvalidParameterException", message)

    def _refuse(self, status: int, code: str, message: str) -> Answer:
        return status, {"error": {"Arn": self._task_arn, "Code": code, "Message": message}}
