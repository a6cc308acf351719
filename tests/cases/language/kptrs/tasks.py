"""Tasks that a map holds: put in, read under RCU, acquired from it, taken out."""
#: verify
#: vm: 6.12 7.3
#: run: take(ctx=u64[0]) == 0
#: run: keep(ctx=u64[0]) == 0
#: run: read(ctx=u64[0]) == 1
#: run: keep(ctx=u64[0]) == 1
#: run: again(ctx=u64[0]) == 1
#: run: take(ctx=u64[0]) == 1
#: run: take(ctx=u64[0]) == 0
#: run: read(ctx=u64[0]) == 0
#: run: group(ctx=u64[1]) == 1
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import Kptr, bpf, map, section, struct
from pbpf.helper import bpf_get_current_task_btf, bpf_kptr_xchg
from pbpf.kfuncs import (
    bpf_cgroup_from_id,
    bpf_cgroup_release,
    bpf_rcu_read_lock,
    bpf_task_acquire,
    bpf_task_release,
)
from pbpf.maps import ArrayMap, HashMap
from vmlinux import struct_cgroup, struct_task_struct

LICENSE = "GPL"


@bpf
@struct
class Request:
    key: c_uint64


@bpf
@struct
class Seen:
    times: c_uint64
    task: Kptr[struct_task_struct]


@bpf
@struct
class Group:
    group: Kptr[struct_cgroup]


@bpf
@map
def seen():
    return ArrayMap(key=c_uint32, value=Seen, max_entries=1)


@bpf
@map
def groups():
    return HashMap(key=c_uint64, value=Group, max_entries=4)


@bpf
def is_this(tgid):
    return tgid == bpf_get_current_task_btf().tgid


@bpf
@section("syscall")
def keep(request: Request) -> c_int64:
    v = seen.lookup(0)
    if v is None:
        return -1
    task = bpf_task_acquire(bpf_get_current_task_btf())
    if task is None:
        return -2
    v.times += 1
    old = bpf_kptr_xchg(v.task, task)
    if old is None:
        return 0
    known = is_this(old.tgid)
    bpf_task_release(old)
    return known


@bpf
@section("syscall")
def read(request: Request) -> c_int64:
    v = seen.lookup(0)
    if v is None:
        return -1
    with bpf_rcu_read_lock():
        task = v.task
        if task is None:
            return 0
        return is_this(task.tgid)


# What was read is another reference, once it is acquired.
@bpf
@section("syscall")
def again(request: Request) -> c_int64:
    v = seen.lookup(0)
    if v is None:
        return -1
    known = False
    with bpf_rcu_read_lock():
        task = v.task
        if task is not None:
            own = bpf_task_acquire(task)
            if own is not None:
                known = is_this(own.tgid)
                bpf_task_release(own)
    return known


@bpf
@section("syscall")
def take(request: Request) -> c_int64:
    v = seen.lookup(0)
    if v is None:
        return -1
    task = bpf_kptr_xchg(v.task)
    if task is None:
        return 0
    known = is_this(task.tgid)
    bpf_task_release(task)
    return known


@bpf
@section("syscall")
def group(request: Request) -> c_int64:
    groups[request.key] = Group()
    v = groups.lookup(request.key)
    if v is None:
        return -1
    root = bpf_cgroup_from_id(1)
    if root is None:
        return -2
    old = bpf_kptr_xchg(v.group, root)
    if old is not None:
        bpf_cgroup_release(old)
        return -3
    old = bpf_kptr_xchg(v.group, None)
    if old is None:
        return -4
    level = old.level
    bpf_cgroup_release(old)
    return level + 1
