"""Compiled where the kernel's types have no schedulers: the prototypes are the rows', and a kernel that has them takes the object."""
#: bpftool: struct_ops
#: needs: sched_ext
#: verify
#: vm: 7.3
from ctypes import c_bool, c_uint64

from pbpf import bpf, struct_ops
from pbpf.kfuncs import (
    bpf_iter_scx_dsq,
    scx_bpf_create_dsq,
    scx_bpf_dsq_insert,
    scx_bpf_dsq_insert_v2,
    scx_bpf_dsq_move,
    scx_bpf_dsq_move_to_local,
    scx_bpf_dump,
    scx_bpf_error,
    scx_bpf_events,
    scx_bpf_select_cpu_dfl,
)
from vmlinux import SCX_DSQ_LOCAL, SCX_SLICE_DFL

LICENSE = "GPL"
QUEUE = 0


@bpf
class Fifo(struct_ops.sched_ext_ops):
    name = "fifo"

    def select_cpu(self, p, prev_cpu, wake_flags):
        is_idle = c_bool(False)
        cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, is_idle)
        if is_idle:
            scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL)
        return cpu

    def enqueue(self, p, enq_flags):
        if not scx_bpf_dsq_insert_v2(p, QUEUE, SCX_SLICE_DFL, enq_flags):
            words = (c_uint64 * 1)(p.pid)
            scx_bpf_error("task %d is lost", words)

    def dispatch(self, cpu, prev):
        for p in (queued := bpf_iter_scx_dsq(QUEUE)):
            if scx_bpf_dsq_move(queued, p, SCX_DSQ_LOCAL):
                return
        scx_bpf_dsq_move_to_local(QUEUE)

    def stopping(self, p, runnable):
        events = (c_uint64 * 12)()
        scx_bpf_events(events)

    def dump(self, ctx):
        scx_bpf_dump("one queue")

    def init(self):
        return scx_bpf_create_dsq(QUEUE)
