"""A first-in, first-out scheduler for sched_ext, with a count of what it enqueued."""

from ctypes import c_uint64

from pbpf import bpf, bpfglobal, struct_ops
from pbpf.kfuncs import scx_bpf_dsq_insert
from vmlinux import SCX_DSQ_GLOBAL, SCX_SLICE_DFL


@bpf
@bpfglobal
def enqueued() -> c_uint64:
    return c_uint64(0)


@bpf
class Fifo(struct_ops.sched_ext_ops):
    name = "fifo"
    timeout_ms = 5000

    def enqueue(self, p, enq_flags):
        global enqueued
        enqueued += 1
        scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags)


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
