"""A check that fails in the body of a loop over a map leaves the program, not only the round."""

#: verify
#: vm: 6.1 6.12
#: run: main(packet=zeros(64)) == 2
from ctypes import c_int32, c_int64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap, HashMap


@bpf
@map
def counts():
    return HashMap(key=c_int32, value=c_int64, max_entries=64)


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=4)


@bpf
@section("xdp")
def main(ctx):
    counts[1] = 5
    seen = (c_int32 * 4)()
    out[0] = 1
    for k, v in counts.items():
        seen[v] = 1
        out[1] = 1
    out[2] = 1
    return 1


#: map: out[0] == 1
#: map: out[1] == 0
#: map: out[2] == 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
