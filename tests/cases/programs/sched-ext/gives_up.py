"""A scheduler that gives up, and says why: the kernel takes over."""
#: flags: --btf $btf:7.3
#: needs: sched_ext
#: bpftool: struct_ops
#: vm: 7.3
#: attach
#: load: wake 2
#: ended: "nobody is left to run after 5"
#: file: /sys/kernel/sched_ext/state == "disabled"
from ctypes import c_uint32

from pbpf import bpf, bpfglobal, struct_ops
from pbpf.kfuncs import scx_bpf_dsq_insert, scx_bpf_error
from vmlinux import SCX_DSQ_GLOBAL, SCX_SLICE_DFL

LICENSE = "GPL"


@bpf
@bpfglobal
def enqueued() -> c_uint32:
    return c_uint32(0)


@bpf
class GivesUp(struct_ops.sched_ext_ops):
    name = "gives_up"

    def enqueue(self, p, enq_flags):
        global enqueued
        enqueued += 1
        if enqueued > 50:
            scx_bpf_error(f"nobody is left to run after {enqueued}")
        scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags)
