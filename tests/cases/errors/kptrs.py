"""Kernel objects in maps: declared, assigned, copied and exchanged where they cannot be."""
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
@map
def keys():  # error:5: [held-object] "keys of a map"
    return HashMap(key=Watched, value=c_uint32, max_entries=1)


@bpf
@map
def waiting():  # error:5: [bad-map] "kind queue cannot hold a `Kptr`"
    return Queue(value=Watched, max_entries=1)


@bpf
@bpfglobal
def last() -> Watched:  # error:5: [held-object] "global variables"
    return Watched()


@bpf
@section("syscall")
def copied(ctx):
    v = watched.lookup(0)
    if v is not None:
        other[1] = v  # error:20: [held-object] "cannot be copied"
    return 0


@bpf
@section("syscall")
def exchanged(ctx):
    v = watched.lookup(0)
    if v is None:
        return 0
    group = bpf_cgroup_from_id(1)
    if group is None:
        return 0
    old = bpf_kptr_xchg(v.task, group)  # error:33: [wrong-argument-type] "a trusted pointer to struct_task_struct"
    bpf_kptr_xchg(v.times, group)  # error:19: [wrong-argument-type] "holds a kernel object"
    bpf_kptr_xchg(v, None)  # error:19: [wrong-argument-type] "holds a kernel object"
    return 0
