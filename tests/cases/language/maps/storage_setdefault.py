"""`setdefault` gives the value that a map has for an object of the kernel, made of the second argument if there is none."""
#: attach
#: workload: syscall getppid 3
#: map: seen[0] == 13
#: vm: 6.12 7.3
from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.helper import bpf_get_current_task_btf
from pbpf.maps import ArrayMap, TaskStorage

LICENSE = "GPL"


@bpf
@struct
class Count:
    calls: c_uint64
    weight: c_uint32


@bpf
@map
def counts():
    return TaskStorage(value=Count)


@bpf
@map
def seen():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=1)


@bpf
@section("tp_btf/sys_enter")
def on_call(regs, number):
    task = bpf_get_current_task_btf()
    if number != 110 or task.comm != "pbpf-work":
        return 0
    count = counts.setdefault(task, Count(calls=10, weight=7))
    if count is not None and count.weight == 7:
        count.calls += 1
        seen[0] = count.calls
    return 0
