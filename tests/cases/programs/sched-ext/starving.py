"""A scheduler that gives nobody a processor: the kernel ends it, and says who waited."""
#: flags: --btf $btf:7.3
#: needs: sched_ext
#: bpftool: struct_ops
#: vm: 7.3
#: attach
#: ended: "A task waited for a processor for longer"
#: file: /sys/kernel/sched_ext/state == "disabled"
from pbpf import bpf, struct_ops
from pbpf.kfuncs import scx_bpf_create_dsq, scx_bpf_dsq_insert
from vmlinux import SCX_SLICE_DFL

LICENSE = "GPL"
NOWHERE = 0


@bpf
class Starving(struct_ops.sched_ext_ops):
    name = "starving"
    timeout_ms = 1000

    def init(self):
        return scx_bpf_create_dsq(NOWHERE, -1)

    def enqueue(self, p, enq_flags):
        # And no `dispatch` that takes them out again.
        scx_bpf_dsq_insert(p, NOWHERE, SCX_SLICE_DFL, enq_flags)
