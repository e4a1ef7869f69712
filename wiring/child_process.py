"""Child processes that never outlive their parent; used by the supervisor and the embedded database.

Also a small program: `python -I -S child_process.py PARENT_PID COMMAND...` ties itself to its parent and becomes
COMMAND, so it uses the standard library alone. (A `preexec_fn` is not safe in a process with threads.)
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int, with_signal: int = signal.SIGKILL) -> None:
    """Has the kernel send this process `with_signal` when its parent ends, however that happens (only on Linux)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    if os.getppid() != parent_pid:  # it ended before the kernel was asked
        os.kill(os.getpid(), with_signal)


def start_child(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own (Ctrl-C stays with the parent); killed when the calling thread ends."""
    return subprocess.Popen(  # noqa: S603 - the callers' own commands
        [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command],
        env=None if environment is None else dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def inherited(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with changes, to be handed on to a child."""
    return {**os.environ, **changes}


def stop_child(process: subprocess.Popen[bytes], grace_s: float) -> int:
    """SIGTERM, a wait of `grace_s`, then SIGKILL to its whole session; the exit status."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        return process.wait(grace_s)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - the point of this program
