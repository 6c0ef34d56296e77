"""Commands to a service that runs, through a socket on this machine: a line of JSON each way."""

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatehouse_ecs.local import Refused

LONGEST = 64 << 10


@dataclass
class Command:
    """`words` are those of the one who asks; `answer(is_well, text)` is called once."""

    words: dict[str, Any]
    answer: Callable[[bool, str], None] = field(default=lambda _well, _text: None)


class ControlSocket:
    def __init__(self, path: Path, inbox: "queue.SimpleQueue[Command]") -> None:
        self._path = path
        self._inbox = inbox
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.bind(str(path))
            path.chmod(0o600)
        except OSError as error:
            raise Refused(f"the control socket {path} can't be made: {error}; name another with --control") from None
        self._socket.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        answered = threading.Event()

        def answer(is_well: bool, text: str) -> None:
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps({"well": is_well, "text": text}).encode() + b"\n")
            answered.set()

        with connection, contextlib.suppress(OSError):
            line = connection.makefile("rb").readline(LONGEST)
            try:
                words = json.loads(line)
            except ValueError:
                answer(False, "the command is not JSON")
                return
            self._inbox.put(Command(words, answer))
            answered.wait()


def send(path: Path, words: dict[str, Any]) -> tuple[bool, str]:
    """→ (whether all is well, text)"""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps(words).encode() + b"\n")
            found = json.loads(connection.makefile("rb").readline(LONGEST))
        except OSError as error:
            raise Refused(f"no service answers at {path}: {error}; it says its socket when it starts") from None
        except ValueError:
            raise Refused(f"the service at {path} ended before it answered") from None
    return found["well"], found["text"]
