"""Adding to an entry of an array looks once: what is not there cannot be put there. A length that is compared stays a number."""
#: verify
#: run: counter(packet=zeros(64)) == XDP_PASS
#: map: counts[2] == 5
#: map: counts.len == 4
#: insns: counter <= 22
#: run: longest(packet=zeros(64)) == XDP_PASS
#: run: longest(packet=zeros(90)) == XDP_PASS
#: run: longest(packet=zeros(70)) == XDP_PASS
#: global: largest == 90
#: insns: longest <= 10

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap
from vmlinux import XDP_PASS


@bpf
@map
def counts():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@bpfglobal
def largest() -> c_uint32:
    return c_uint32(0)


@bpf
@section("xdp")
def counter(ctx):
    counts[2] += 5
    counts[4] += 1
    return XDP_PASS


@bpf
@section("xdp")
def longest(ctx):
    global largest
    n = ctx.data_end - ctx.data
    if n > largest:
        largest = n
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
