"""What the kernel can print."""
#: check
from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    a = ctx.id
    print(a, a, a, a, a, a, a, a, a, a, a, a)
    print(a, a, a, a, a, a, a, a, a, a, a, a, a)  # error:5: [too-many-values] "at most 12 values at once, not 13"
    print("a", a, a, a, a, a, a, a, a, a, a, a, a, "b")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
