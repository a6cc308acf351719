"""More than three values need `bpf_trace_vprintk`, of kernel 5.16."""

#: flags: --target-kernel 5.15
from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    print(ctx.id, 2, 3)
    print(ctx.id, 2, 3, 4)  # error:5: [target-too-old] "5.16"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
