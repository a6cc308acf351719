"""Kernel functions that only some callbacks may call."""
#: check
#: flags: --btf $btf:7.3
from pbpf import bpf, bpfglobal, struct_ops
from pbpf.kfuncs import scx_bpf_dsq_insert, scx_bpf_create_dsq, scx_bpf_kick_cpu


@bpf
class Fifo(struct_ops.sched_ext_ops):
    name = "fifo"

    def enqueue(self, p, enq_flags):
        scx_bpf_dsq_insert(1, 0, 0, enq_flags)  # error:28: [wrong-argument-type] "a trusted pointer to `struct task_struct`"
        p.pid = 3  # error:9: [read-only] "of `task_struct` these can: scx.slice"
        p.scx.slice = 5
        p.scx.flags = 5  # error:9: [read-only]
        scx_bpf_create_dsq(0, -1)  # error:9: [helper-not-allowed] "cannot be called from callback `enqueue`"
        return None

    def init(self):
        return scx_bpf_create_dsq(0, -1)

    def exit(self, ei):
        return None


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
