"""What `pop` gives is a pointer to a number; a function that takes a number gets the number, not where it is."""
#: run: main(ctx=u64[0]) == 3
#: run: main(ctx=u64[0]) == 3
#: vm: 6.12 7.3
from ctypes import c_int32, c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.helper import bpf_get_current_pid_tgid
from pbpf.kfuncs import bpf_task_from_pid, bpf_task_release
from pbpf.maps import ArrayMap, Queue

LICENSE = "GPL"


@bpf
@map
def waiting():
    return Queue(value=c_int32, max_entries=8)


@bpf
@map
def kept():
    return ArrayMap(value=c_uint64, max_entries=1)


@bpf
@section("syscall")
def main(ctx):
    own = c_uint32(bpf_get_current_pid_tgid())
    waiting.push(own)
    pid = waiting.pop()
    if pid is None:
        return 0
    found = 0
    task = bpf_task_from_pid(pid)
    if task is not None:
        found += task.pid == own
        bpf_task_release(task)
    kept[0] = own
    stored = kept.lookup(0)
    if stored is not None:
        task = bpf_task_from_pid(stored)
        if task is not None:
            found += 2 * (task.pid == own)
            bpf_task_release(task)
    return found
