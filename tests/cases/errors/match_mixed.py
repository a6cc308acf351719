"""Patterns of another type than the subject."""
#: check
from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    match ctx.id:
        case None:  # error:14: [type-mismatch] "pointer"
            pass
        case "text":  # error:14: [type-mismatch]
            pass
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
