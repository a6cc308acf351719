"""A per-CPU variable is no variable: what one CPU has of it is."""
#: check
from pbpf import bpf, bpfglobal, section
from vmlinux import runqueues


@bpf
@section("tp_btf/sys_enter")
def f(ctx):
    return runqueues.cpu  # error:12: [forbidden-memory] "take what one CPU has: `bpf_this_cpu_ptr(v)`"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
