"""A local that is assigned in one branch only reads an old value in PythonBPF 0.2.0."""
#: check
from pythonbpf import bpf, bpfglobal, section
from pythonbpf.helper import pid


@bpf
@section("tracepoint/syscalls/sys_enter_getpid")
def f(ctx):
    if pid() > 5:
        x = 1
    return x  # error:12: [maybe-unassigned]


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
