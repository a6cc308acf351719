"""Helpers of the kernel, by their names (`bpf_ktime_get_ns`) and short ones (`ktime`).

Promises: those that a program's result depends on have a model; what they answer is set on `pbpf.model.machine`. A helper without a
model gives what `machine.helpers` says under the kernel's name, and 0 if it says nothing.
Leaves out: which program type may call which helper (the compiler knows).
"""

from __future__ import annotations

from typing import Any, Callable

from .model.constants import constant
from .model.machine import machine
from .model.memory import NumberView, View, number, place
from .model.number import Kind, Num

_U32, _U64, _S64 = Kind(32, False), Kind(64, False), Kind(64, True)


class Helper:
    """A helper without a model of its own."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *args: Any, **names: Any) -> Any:
        answer = machine.helpers.get(self.__name__, 0)
        return answer(*args, **names) if callable(answer) else answer


def _modelled(name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
    def helper(*args: Any, **names: Any) -> Any:
        special = machine.helpers.get(name)
        if special is not None:
            return special(*args, **names) if callable(special) else special
        return answer(*args, **names)

    helper.__name__ = name
    return helper


def _u64(read: Callable[[], int]) -> Callable[..., Any]:
    return lambda *_: Num(_U64.cut(read()), _U64)


def _low(read: Callable[[], int]) -> Callable[..., Any]:
    return lambda *_: Num(_U32.cut(read()), _U32)


def _fill(buffer: Any, text: str) -> int:
    kind, data, at = place(buffer)
    data[at : at + kind.size] = text.encode()[: kind.size - 1].ljust(kind.size, b"\0")
    return 0


def _comm(buffer: Any, size: Any = None) -> int:
    return _fill(buffer, machine.comm)


def _read(into: Any, *rest: Any) -> int:
    source = rest[-1]
    kind, data, at = place(into)
    if isinstance(source, View) and not isinstance(source, NumberView):
        raw = bytes(source)
    else:
        raw = bytes(machine.memory.get(int(number(source)), b""))
    data[at : at + kind.size] = raw[: kind.size].ljust(kind.size, b"\0")
    return 0


def deref(pointer: Any) -> Any:
    """The number that a pointer points to."""
    return number(pointer)


#: What the helper gives, the pid in the upper half and the thread's id in the lower.
bpf_get_current_pid_tgid = _modelled("bpf_get_current_pid_tgid", _u64(lambda: machine.tgid << 32 | machine.pid))
bpf_get_current_uid_gid = _modelled("bpf_get_current_uid_gid", _u64(lambda: machine.gid << 32 | machine.uid))
bpf_ktime_get_ns = _modelled("bpf_ktime_get_ns", _u64(lambda: machine.ktime_ns))
bpf_ktime_get_boot_ns = _modelled("bpf_ktime_get_boot_ns", _u64(lambda: machine.ktime_ns))
bpf_jiffies64 = _modelled("bpf_jiffies64", _u64(lambda: machine.ktime_ns // 4_000_000))
bpf_get_smp_processor_id = _modelled("bpf_get_smp_processor_id", _low(lambda: machine.cpu))
bpf_get_prandom_u32 = _modelled("bpf_get_prandom_u32", _low(lambda: machine.random()))
bpf_get_current_cgroup_id = _modelled("bpf_get_current_cgroup_id", _u64(lambda: machine.cgroup_id))
bpf_get_current_comm = _modelled("bpf_get_current_comm", _comm)
bpf_probe_read = _modelled("bpf_probe_read", _read)
bpf_probe_read_kernel = _modelled("bpf_probe_read_kernel", _read)
bpf_probe_read_user = _modelled("bpf_probe_read_user", _read)
bpf_probe_read_str = _modelled("bpf_probe_read_str", _read)
bpf_probe_read_kernel_str = _modelled("bpf_probe_read_kernel_str", _read)
bpf_probe_read_user_str = _modelled("bpf_probe_read_user_str", _read)

ktime, random, smp_processor_id = bpf_ktime_get_ns, bpf_get_prandom_u32, bpf_get_smp_processor_id
comm, get_current_cgroup_id = bpf_get_current_comm, bpf_get_current_cgroup_id
probe_read, probe_read_kernel, probe_read_user = bpf_probe_read, bpf_probe_read_kernel, bpf_probe_read_user
probe_read_str, probe_read_kernel_str = bpf_probe_read_str, bpf_probe_read_kernel_str
probe_read_user_str = bpf_probe_read_user_str
pid = _modelled("bpf_get_current_pid_tgid.low", _low(lambda: machine.pid))
tgid = _modelled("bpf_get_current_pid_tgid.high", _low(lambda: machine.tgid))
uid = _modelled("bpf_get_current_uid_gid.low", _low(lambda: machine.uid))
gid = _modelled("bpf_get_current_uid_gid.high", _low(lambda: machine.gid))


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return constant("pbpf.helper", name) if name.isupper() else Helper(name)
