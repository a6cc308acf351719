"""Global variables: initial values that do not fit, sections that there are not, writes to constants."""
#: check
from ctypes import c_uint8, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, section, struct


def unknown():
    return 5


@bpf
@struct
class Point:
    x: c_uint32
    y: c_uint32


@bpf
@struct
class Other:
    x: c_uint32


@bpf
@bpfglobal
def wide() -> c_uint8:
    return 300  # warning:12: [constant-cut]


@bpf
@bpfglobal
def runtime() -> c_uint64:
    return unknown()  # error:12: [not-constant]


@bpf
@bpfglobal
def many() -> c_uint32 * 2:
    return [1, 2, 3]  # error:12: [wrong-argument-count] "2 elements, and 3 values"


@bpf
@bpfglobal
def long_text() -> str(4):
    return "abcd"  # error:12: [bad-declaration] "4 bytes do not fit the 3"


@bpf
@bpfglobal
def field() -> Point:
    return Point(z=1)  # error:20: [unknown-field] "has no field `z`"


@bpf
@bpfglobal
def mixed() -> Point:
    return Other(x=1)  # error:12: [type-mismatch] "this is Other"


@bpf
@bpfglobal
def number() -> Point:
    return 5  # error:12: [bad-declaration] "no initial value"


@bpf
@bpfglobal(section=".text")
def code() -> c_uint32:  # error@68:20: [bad-section] ".rodata"
    return 5


@bpf
@bpfglobal(section=".bss.x")
def zero() -> c_uint32:  # error@74:20: [bad-section] "use `.data`"
    return 5


@bpf
@bpfglobal(const=True, section=".data.x")
def constant_data() -> c_uint32:  # error@80:32: [bad-section] "is in `.rodata`"
    return 5


@bpf
@bpfglobal(volatile=True)  # error:21: [bad-declaration] "const=True"
def odd() -> c_uint32:
    return 5


@bpf
@section("xdp")
def main(ctx):
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
