"""Cases that never hold, by the type of the subject."""
#: check
from ctypes import c_uint8

from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    x = c_uint8(ctx.id)
    match x:
        case 1 | 2 | 1:  # warning:22: [unreachable-case] "1 never gets here"
            pass
        case 2:  # warning:14: [unreachable-case] "taken here"
            pass
        case 256 | -1:  # warning:14: [unreachable-case] "never 256" # warning:20: [unreachable-case] "never -1"
            pass
        case 3 if ctx.id > 7:
            pass
        case 3:
            pass
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
