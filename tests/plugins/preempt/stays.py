"""Stays on its processor while it asks twice which one that is."""

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_smp_processor_id
from pbpf.kfuncs import bpf_preempt_disable, bpf_preempt_enable


@bpf
@section("xdp")
def stays(ctx):
    bpf_preempt_disable()
    before = bpf_get_smp_processor_id()
    after = bpf_get_smp_processor_id()
    bpf_preempt_enable()
    if before == after:
        return 2
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
