"""The machine that a program sees: clock, current task, memory, and what it printed. Everything in it can be set.

Promises: the same settings give the same answers. Leaves out: helpers' rules for arguments, which the kernel checks.
"""

from __future__ import annotations

from typing import Any, Callable


class Machine:
    """What helpers answer. `machine` is the one that all programs use."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Everything as at the start."""
        self.ktime_ns = 1_000_000_000
        self.pid = 1000
        self.tgid = 1000
        self.uid = 0
        self.gid = 0
        self.comm = "python"
        self.cpu = 0
        self.cgroup_id = 1
        self.random: Callable[[], int] = lambda: 4
        #: Memory of the kernel or of user space, by address.
        self.memory: dict[int, bytearray] = {}
        #: What programs printed, a line each.
        self.printed: list[str] = []
        #: Whether `print` also prints.
        self.echo = True
        #: Answers of helpers that have no model, by the kernel's name: a number, or a function of the arguments.
        self.helpers: dict[str, Any] = {}
        #: Constants that plugins of yours bring, by name.
        self.constants: dict[str, int] = {}

    def say(self, text: str) -> None:
        self.printed.append(text)
        if self.echo:
            print(text)


machine = Machine()
