"""`True` is no number in a pattern: CPython compares with `is`."""
#: check
from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    match ctx.id:
        case True:  # error:14: [unreachable-case] "truth value"
            pass
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
