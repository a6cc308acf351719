"""Before 6.7 the verifier walks a callback once: arrays that a loop over a map changes are not safe there."""

#: flags: --target-kernel 6.1
from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_int64, max_entries=64)


@bpf
@section("xdp")
def main(ctx):
    found = (c_uint32 * 4)()
    n = 0
    for k in counts:
        n += k
    for k in counts:  # error:5: [target-too-old] "6.7"
        found[k & 3] = k
    return n + found[1]


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
