"""Kernel objects in maps: what is taken out and kept, and what is put in and not owned."""

from ctypes import c_int64, c_uint32, c_uint64

from pbpf import Kptr, bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_task_btf, bpf_kptr_xchg
from pbpf.kfuncs import bpf_task_acquire, bpf_task_release
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
def leaked(ctx):
    v = watched.lookup(0)
    if v is None:
        return 0
    old = bpf_kptr_xchg(v.task)
    if old is not None:
        v.times += 1
    return 0  # error:12: [leaked-reference] "`bpf_kptr_xchg`"


@bpf
@section("syscall")
def dropped(ctx):
    v = watched.lookup(0)
    task = bpf_task_acquire(bpf_get_current_task_btf())
    if task is not None and v is not None:
        bpf_kptr_xchg(v.task, task)
    # error:12: [leaked-reference] "`bpf_task_acquire`"
    return 0  # error:12: [leaked-reference] "`bpf_kptr_xchg`"


@bpf
@section("syscall")
def borrowed(ctx):
    v = watched.lookup(0)
    if v is None:
        return 0
    old = bpf_kptr_xchg(v.task, bpf_get_current_task_btf())  # error:11: [released-reference] "does not own"
    if old is not None:
        bpf_task_release(old)
        bpf_task_release(old)  # error:9: [released-reference] "released already"
    held = v.task
    if held is not None:
        bpf_task_release(held)  # error:9: [released-reference] "does not own"
    return 0
