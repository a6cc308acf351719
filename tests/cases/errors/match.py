"""Cases that are none, or that nothing gets to."""
#: check
from ctypes import c_int64, c_uint8

from pbpf import bpf, bpfglobal, section

KNOWN = 3


@bpf
@bpfglobal
def total() -> c_int64:
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    global total
    x = ctx.id
    match x:
        case (1 as a) | (2 as a):  # error:15: [unsupported-match] "alternative"
            pass
        case total:  # error:14: [unsupported-match] "local" # warning:14: [capture-hides-name]
            pass
    match x:
        case 1 | _ | 2:  # error:22: [unreachable-case] "no value"
            pass
    match x:
        case y:
            pass
        case 5:  # error:14: [unreachable-case] "no value"
            pass
    match x:
        case KNOWN:  # warning:14: [capture-hides-name] "dotted"
            pass
    match x:
        case unknown.NAME:  # error:14: [unknown-name]
            pass
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
