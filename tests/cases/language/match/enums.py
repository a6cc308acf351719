"""`match` on enums and dotted constants, and how they print."""

#: verify
#: attach
#: workload: syscall getppid 1
from ctypes import c_int32, c_int64
from enum import IntEnum

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap


class Color(IntEnum):
    RED = 1
    GREEN = 2
    BLUE = 40


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=64)


@bpf
def kind(x: c_int32):
    match x:
        case Color.RED:
            return 10
        case Color.GREEN | Color.BLUE:
            return 20
        case _:
            return 30


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    out[0] = kind(1)
    out[1] = kind(2)
    out[2] = kind(40)
    out[3] = kind(3)
    red = Color.RED
    print(red, Color.BLUE, f"{red:03d}")
    return 0


#: map: out[0] == 10
#: map: out[1] == 20
#: map: out[2] == 20
#: map: out[3] == 30
#: prints: "1 40 001"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
