"""Comparisons of text that the kernel cannot make."""
#: check
from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    a = str(8)
    b = str(8)
    if a == b:  # error: [unsupported-comparison]
        return 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
