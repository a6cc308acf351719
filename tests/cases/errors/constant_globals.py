"""What is constant is only read."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, section, struct
from pbpf.helper import comm


@bpf
@struct
class Point:
    x: c_uint32
    y: c_uint32


@bpf
@bpfglobal(const=True)
def limit() -> c_uint64:
    return 5


@bpf
@bpfglobal(const=True)
def point() -> Point:
    return Point(x=1)


@bpf
@bpfglobal(const=True)
def name() -> str(16):
    return "x"


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def main(ctx):
    global limit
    limit = 6  # error:5: [read-only] "`limit` is constant"
    limit += 1  # error:5: [read-only]
    point.x = 1  # error:5: [read-only] "`point` is constant"
    name[0] = 65  # error:5: [read-only]
    comm(name)  # error:10: [read-only] "it is declared here"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
