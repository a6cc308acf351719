"""Formats that the kernel does not have."""

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
    sep = 3
    print(f"{n:08.3f}")  # error:14: [bad-format] "08.3f"
    print(f"{n:b}")  # error:14: [bad-format] "user space"
    print(f"{n:*>8}")  # error:14: [bad-format] "spaces"
    print(f"{n:^8}")  # error:14: [bad-format] "`<`"
    print(f"{n:,}")  # error:14: [bad-format] "group"
    print(f"{n:{sep}}")  # error:14: [bad-format] "written out"
    print(f"{name:.3}")  # error:14: [bad-format] "precision"
    print(n, sep=sep)  # error:18: [bad-format] "text as written"
    print(n, end="")  # error:18: [bad-format] "a line of its own"
    print(n, files=sep)  # error:20: [unsupported-keyword] "`files`"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
