"""Weighted virtual time: who ran for less, by weight, comes first."""
#: flags: --btf $btf:7.3
#: needs: sched_ext
#: bpftool: struct_ops
#: vm: 7.3
#: attach
#: load: spin 4
#: load: wake 3
#: load: share nice > 60
#: map: stats[0] > 0
#: map: stats[1] > 0
#: map: stats[2] > 0
#: file: /sys/kernel/sched_ext/state == "enabled"
from ctypes import c_bool, c_uint64

from pbpf import bpf, bpfglobal, map, struct_ops
from pbpf.kfuncs import (
    scx_bpf_create_dsq,
    scx_bpf_dsq_insert,
    scx_bpf_dsq_insert_vtime,
    scx_bpf_dsq_move_to_local,
    scx_bpf_dsq_peek,
    scx_bpf_select_cpu_dfl,
    scx_bpf_task_set_dsq_vtime,
    scx_bpf_task_set_slice,
)
from pbpf.maps import PerCpuArray
from vmlinux import SCX_DSQ_LOCAL, SCX_SLICE_DFL, SCX_TASK_QUEUED, struct_task_struct

LICENSE = "GPL"
SHARED = 0
AT_ONCE, QUEUED, WENT_ON = 0, 1, 2


@bpf
@map
def stats():
    return PerCpuArray(value=c_uint64, max_entries=3)


@bpf
@bpfglobal
def now() -> c_uint64:
    return c_uint64(0)


@bpf
def charged(p: struct_task_struct):
    used = SCX_SLICE_DFL - p.scx.slice
    return p.scx.dsq_vtime + used * 100 // p.scx.weight


@bpf
class Vtime(struct_ops.sched_ext_ops):
    name = "vtime"

    def init(self):
        return scx_bpf_create_dsq(SHARED, -1)

    def select_cpu(self, p, prev_cpu, wake_flags):
        idle = c_bool(False)
        cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, idle)
        if idle:
            stats[AT_ONCE] += 1
            scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL)
        return cpu

    def enqueue(self, p, enq_flags):
        stats[QUEUED] += 1
        # Who slept for long may not make up for more than a slice.
        vtime = max(p.scx.dsq_vtime, now - SCX_SLICE_DFL)
        scx_bpf_dsq_insert_vtime(p, SHARED, SCX_SLICE_DFL, vtime, enq_flags)

    def dispatch(self, cpu, prev):
        if prev is not None and prev.scx.flags & SCX_TASK_QUEUED:
            # It waits in no queue: where it would be the first there, it goes on.
            first = scx_bpf_dsq_peek(SHARED)
            vtime = charged(prev)
            if first is not None and vtime < first.scx.dsq_vtime:
                stats[WENT_ON] += 1
                scx_bpf_task_set_dsq_vtime(prev, vtime)
                scx_bpf_task_set_slice(prev, SCX_SLICE_DFL)
                return
        scx_bpf_dsq_move_to_local(SHARED)

    def running(self, p):
        global now
        now = max(now, p.scx.dsq_vtime)

    def stopping(self, p, runnable):
        scx_bpf_task_set_dsq_vtime(p, charged(p))

    def enable(self, p):
        scx_bpf_task_set_dsq_vtime(p, now)
