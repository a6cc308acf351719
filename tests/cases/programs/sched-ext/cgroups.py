"""Weights of control groups: each task keeps its share of virtual time in its own storage."""
#: flags: --btf $btf:7.3
#: needs: sched_ext
#: bpftool: struct_ops
#: vm: 7.3
#: attach
#: load: spin 4
#: load: wake 3
#: load: share groups > 60
#: map: stats[0] > 0
#: map: stats[1] > 0
#: map: stats[2] > 0
#: file: /sys/kernel/sched_ext/state == "enabled"
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, struct, struct_ops
from pbpf.kfuncs import (
    scx_bpf_create_dsq,
    scx_bpf_dsq_insert_vtime,
    scx_bpf_dsq_move_to_local,
    scx_bpf_dsq_peek,
    scx_bpf_task_set_slice,
)
from pbpf.maps import HashMap, PerCpuArray, TaskStorage
from vmlinux import SCX_SLICE_DFL, SCX_TASK_QUEUED, struct_task_struct

LICENSE = "GPL"
SHARED = 0
QUEUED, WENT_ON, MOVED = 0, 1, 2


@bpf
@struct
class Task:
    vtime: c_uint64
    weight: c_uint32


@bpf
@map
def tasks():
    return TaskStorage(value=Task)


@bpf
@map
def weights():
    return HashMap(key=c_uint64, value=c_uint32, max_entries=1024)


@bpf
@map
def stats():
    return PerCpuArray(value=c_uint64, max_entries=3)


@bpf
@bpfglobal
def now() -> c_uint64:
    return c_uint64(0)


@bpf
def weigh(p: struct_task_struct, task: Task, group: c_uint64):
    weight = weights.lookup(group)
    task.weight = 100 if weight is None else weight


@bpf
def charged(p: struct_task_struct, task: Task):
    used = SCX_SLICE_DFL - p.scx.slice
    return task.vtime + used * 100 // task.weight


@bpf
class Groups(struct_ops.sched_ext_ops):
    name = "groups"

    def init(self):
        return scx_bpf_create_dsq(SHARED, -1)

    def cgroup_init(self, cgrp, args):
        weights[cgrp.kn.id] = args.weight
        return 0

    def cgroup_exit(self, cgrp):
        del weights[cgrp.kn.id]

    def cgroup_set_weight(self, cgrp, weight):
        weights[cgrp.kn.id] = weight

    def init_task(self, p, args):
        task = tasks.get(p, create=True)
        if task is None:
            return -12
        task.vtime = now
        weigh(p, task, args.cgroup.kn.id)
        return 0

    def cgroup_move(self, p, previous, group):
        task = tasks.get(p)
        if task is not None:
            stats[MOVED] += 1
            weigh(p, task, group.kn.id)

    def enqueue(self, p, enq_flags):
        stats[QUEUED] += 1
        task = tasks.get(p)
        if task is None:
            return
        vtime = max(task.vtime, now - SCX_SLICE_DFL)
        scx_bpf_dsq_insert_vtime(p, SHARED, SCX_SLICE_DFL, vtime, enq_flags)

    def dispatch(self, cpu, prev):
        if prev is not None and prev.scx.flags & SCX_TASK_QUEUED:
            task = tasks.get(prev)
            first = scx_bpf_dsq_peek(SHARED)
            if task is not None and first is not None:
                vtime = charged(prev, task)
                if vtime < first.scx.dsq_vtime:
                    stats[WENT_ON] += 1
                    task.vtime = vtime
                    scx_bpf_task_set_slice(prev, SCX_SLICE_DFL)
                    return
        scx_bpf_dsq_move_to_local(SHARED)

    def running(self, p):
        global now
        task = tasks.get(p)
        if task is not None:
            now = max(now, task.vtime)

    def stopping(self, p, runnable):
        task = tasks.get(p)
        if task is not None:
            task.vtime = charged(p, task)
