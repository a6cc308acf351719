"""Kernel objects that are assigned to, or read where no map holds them."""
#: check
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import Kptr, bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_task_btf, bpf_kptr_xchg
from pbpf.kfuncs import bpf_cgroup_from_id, bpf_cgroup_release, bpf_task_acquire, bpf_task_release
from pbpf.maps import ArrayMap, HashMap, Queue, RingBuffer
from vmlinux import struct_cgroup, struct_task_struct

LICENSE = "GPL"


@bpf
@struct
class Watched:
    times: c_uint64
    task: Kptr[struct_task_struct]


@bpf
@map
def watched():
    return ArrayMap(key=c_uint32, value=Watched, max_entries=1)


@bpf
@map
def other():
    return HashMap(key=c_uint32, value=Watched, max_entries=1)


@bpf
@section("syscall")
def assigned(ctx):
    v = watched.lookup(0)
    task = bpf_task_acquire(bpf_get_current_task_btf())
    if v is not None and task is not None:
        v.task = task  # error:9: [held-object] "not assigned to"
        v.task = None  # error:9: [held-object] "not assigned to"
        bpf_task_release(task)
    return 0


@bpf
@section("syscall")
def mine(ctx):
    own = Watched()
    own.times = own.task.pid  # error:17: [held-object] "values of maps"
    return 0
