"""Whether a map has a key, as a number beside others: the test of a pointer stays a test of its own."""
#: verify
#: set: flag=1
#: run: main(packet=zeros(64)) == 2
#: global: seen == 1
#: global: joined == -4294967296
#: vm: 6.1 6.12 7.3

from ctypes import c_int8, c_int32, c_int64, c_uint8

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap


@bpf
@bpfglobal
def flag() -> c_int8:
    return 0


@bpf
@bpfglobal
def seen() -> c_uint8:
    return 0


@bpf
@bpfglobal
def joined() -> c_int64:
    return 0


@bpf
@map
def entries():
    return HashMap(key=c_int32, value=c_int32, max_entries=4)


@bpf
@section("xdp")
def main(ctx):
    global seen, joined
    found = 0 in entries
    seen = bool(flag) | found
    joined = (-4294967296) or 1 or seen
    return (not (1 if flag else found)) + 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
