"""Formats that do not fit the type of the value."""

from ctypes import c_int32, c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import ktime
from pbpf.maps import HashMap
from pbpf import map


@bpf
@map
def seen():
    return HashMap(key=c_int32, value=c_uint64, max_entries=4)


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    n = ctx.id - 5
    u = c_uint64(7)
    name: str(8) = "abc"
    print(f"{n:s}")  # error:14: [bad-format] "`:s` does not print"
    print(f"{n:8x}")  # error:14: [bad-format] "may be negative"
    print(f"{u:#8x}")  # error:14: [bad-format] "in front of `0x`"
    print(f"{u:+20d}")  # error:14: [bad-format] "with a sign"
    print(f"{u!r:x}")  # error:14: [bad-format] "make text"
    print(f"{name:d}")  # error:14: [bad-format] "does not print str(8)"
    print(f"{name:08}")  # error:14: [bad-format] "no zeros"
    print(f"{name!r:8}")  # error:14: [bad-format] "quotes"
    print(f"{seen.lookup(4) is None:s}")  # error:14: [bad-format]
    # error:5: [too-many-values] "not 14"
    print(f"{n:x} {n:x} {n:x} {n:x} {n:x} {n:x} {n:x}")
    # error:5: [too-many-values] "not 13"
    print(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ktime())
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
