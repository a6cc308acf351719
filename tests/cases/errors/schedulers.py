"""What a scheduler must not do, by callback."""
#: check
#: flags: --btf $btf:7.3
from ctypes import c_uint64

from pbpf import bpf, section, struct_ops
from pbpf.helper import bpf_copy_from_user
from pbpf.kfuncs import (
    bpf_iter_scx_dsq,
    scx_bpf_create_dsq,
    scx_bpf_dispatch_nr_slots,
    scx_bpf_dsq_insert,
    scx_bpf_dsq_move,
    scx_bpf_dsq_move_to_local,
    scx_bpf_dump,
    scx_bpf_error,
    scx_bpf_select_cpu_dfl,
)

LICENSE = "GPL"


@bpf
def sleeps(p):
    number = c_uint64(0)
    bpf_copy_from_user(number, 8, 0)  # error:5: [helper-sleeps] "may sleep"
    return number


@bpf
class Calls(struct_ops.sched_ext_ops):
    name = "calls"

    def select_cpu(self, p, prev_cpu, wake_flags):
        scx_bpf_dsq_move_to_local(0)  # error:9: [helper-not-allowed] "cannot be called from callback `select_cpu`"
        return prev_cpu

    def enqueue(self, p, enq_flags):
        sleeps(p)
        scx_bpf_create_dsq(0, -1)  # error:9: [helper-not-allowed] "cannot be called from callback `enqueue`"
        for q in (queue := bpf_iter_scx_dsq(0)):
            scx_bpf_dsq_move(queue, q, 1)  # error:13: [helper-not-allowed] "cannot be called from callback `enqueue`"
        scx_bpf_dump("here")  # error:9: [helper-not-allowed]

    def tick(self, p):
        scx_bpf_dsq_insert(p, 0, 0)  # error:9: [helper-not-allowed] "cannot be called from callback `tick`"
        scx_bpf_error(p)

    def running(self, p):
        if scx_bpf_dispatch_nr_slots() > 0:  # error:12: [helper-not-allowed]
            return


@bpf
@section("tc")
def elsewhere(skb):
    scx_bpf_dispatch_nr_slots()  # error:5: [helper-not-allowed] "programs of type"
    return 0
