"""Long loops inside a loop over a map: the verifier walks the callback several times."""

#: verify
#: run: main(packet=zeros(64)) == 2
from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap, HashMap


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_int64, max_entries=64)


@bpf
@map
def out():
    return ArrayMap(key=c_uint32, value=c_int64, max_entries=8)


@bpf
@bpfglobal
def table() -> c_uint32 * 2000:
    return (c_uint32 * 2000)()


@bpf
@section("xdp")
def main(ctx):
    for i in range(2000):
        table[i] = i
    counts[1] = 10
    counts[2] = 20
    n = 0
    for k, v in counts.items():
        for i in range(v):
            n += i
        for t in table:
            n += t
        if 1999 in table:
            n += 1
        n += max(table) + sum(table)
    out[0] = n
    return 2


#: map: out[0] == 8000235


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
