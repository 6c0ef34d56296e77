"""Directories that stand for the task's volumes, and ways to make the one with the state sick."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from gatehouse_ecs.local import Refused
from gatehouse_ecs.local.definition import TaskDefinition

# Milliseconds in which a slow volume lets calls through, between two pauses.
OPEN_FOR = 10


def directories(definition: TaskDefinition, data: Path) -> tuple[dict[str, Path], list[Path]]:
    """→ ({volume: directory}, [directories to remove at the end]). What outlives the task is below `data`, the rest is fresh."""
    kept = [name for name, is_kept in definition.volumes.items() if is_kept]
    found: dict[str, Path] = {}
    fresh: list[Path] = []
    for name in definition.volumes:
        if name in kept:
            found[name] = data if len(kept) == 1 else data / name
            found[name].mkdir(parents=True, exist_ok=True)
        else:
            found[name] = Path(tempfile.mkdtemp(prefix=f"ecs-local-{name}-"))
            # For any user of a container, as an empty volume of Fargate that its image hands over.
            found[name].chmod(0o1777)
            fresh.append(found[name])
    return found, fresh


def hand_over(definition: TaskDefinition, directory: Path) -> str | None:
    """Gives the directory to the user that the containers run as, as an EFS access point does. → a sentence, when it can't."""
    users = [
        one.user for one in definition.containers if one.mount_points and one.user and not one.user.startswith("0")
    ]
    if not users:
        return None
    user, _, group = users[0].partition(":")
    if not user.isdigit() or (group and not group.isdigit()):
        return f"{directory} must be writable for the user {users[0]}"
    owner, group = int(user), int(group or user)
    if directory.stat().st_uid == owner:
        return None
    if os.geteuid() != 0:
        return f"{directory} must be writable for user {owner}: sudo chown -R {owner}:{group} {directory}"
    for path in [directory, *directory.rglob("*")]:
        os.chown(path, owner, group, follow_symlinks=False)
    return None


def holds(process: int | str) -> bool:
    """Whether a process sits in a call that not even SIGKILL ends."""
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        return any(" D " in (task / "stat").read_text().rpartition(")")[2][:4] for task in tasks)
    except OSError:
        return False


class SickVolume:
    """A directory behind a process of bindfs that can be stopped: every call then waits, as on a mount of EFS that has lost its
    server. Only this process decides when they go on."""

    def __init__(self, directory: Path) -> None:
        if shutil.which("bindfs") is None:
            raise Refused("a slow or hanging volume needs bindfs: apt-get install bindfs")
        self.path = Path(tempfile.mkdtemp(prefix="ecs-local-volume-"))
        # For the containers' users, whoever they are.
        others = ["-o", "allow_other"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(
            ["bindfs", "-f", *others, str(directory), str(self.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        deadline = time.monotonic() + 10
        while not os.path.ismount(self.path):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (
                    self._process.stderr.read().decode(errors="replace").strip()
                    if self._process.poll()
                    else "it takes too long"
                )
                self.close()
                raise Refused(f"bindfs does not mount {directory}: {said}")
            time.sleep(0.02)
        self._connection = os.minor(self.path.stat().st_dev)
        self._slowness: threading.Event | None = None

    def hang(self) -> bool:
        """From here on no call comes back."""
        self._process.send_signal(signal.SIGSTOP)
        return True

    def slow_down(self, milliseconds: int) -> None:
        """Every call takes up to so much longer: the process is stopped for that time, lets calls through for a moment, and so on."""
        ended = threading.Event()
        self._slowness = ended

        def cycle() -> None:
            while not ended.is_set():
                self._process.send_signal(signal.SIGSTOP)
                ended.wait(milliseconds / 1000)
                self._process.send_signal(signal.SIGCONT)
                ended.wait(OPEN_FOR / 1000)

        threading.Thread(target=cycle, daemon=True).start()

    def release(self) -> None:
        """Every call that waits fails now; whoever was killed meanwhile can end."""
        try:
            Path(f"/sys/fs/fuse/connections/{self._connection}/abort").write_text("1")
        except OSError:
            # Not mounted there, or not ours to write: without its process the connection is aborted, too.
            self._process.kill()

    def close(self) -> None:
        if getattr(self, "_slowness", None) is not None:
            self._slowness.set()
        # Works on a stopped process, too, and ends the calls that wait for it.
        self._process.kill()
        self._process.wait()
        self._process.stderr.close()
        lazily = ["umount", "--lazy"] if os.geteuid() == 0 else ["fusermount", "-u", "-z"]
        subprocess.run([*lazily, str(self.path)], capture_output=True, check=False)
        with contextlib.suppress(OSError):
            self.path.rmdir()
