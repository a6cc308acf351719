"""Where ways meet that have each tested a pointer of their own, it is not tested again."""
#: run: joined(packet=zeros(64)) == XDP_DROP
#: put: first[1] = 4
#: run: joined(packet=zeros(64)) == 5
#: map: first[1] == 5
#: put: first[0] = 1
#: put: second[2] = 70
#: run: rounds(packet=zeros(64)) == XDP_PASS
#: map: first[0] == 4
#: map: second[2] == 71
#: insns: joined <= 32
#: vm: 6.1 6.12 7.3
from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section
from pbpf.maps import Hash, LruHash
from vmlinux import XDP_DROP, XDP_PASS, struct_xdp_md


@bpf
@map
def first():
    return Hash(key=c_uint32, value=c_uint64, max_entries=8)


@bpf
@map
def second():
    return LruHash(key=c_uint32, value=c_uint64, max_entries=8)


@bpf
@section("xdp")
def joined(ctx: struct_xdp_md):
    if ctx.rx_queue_index == 0:
        found = first.lookup(1)
        if found is None:
            return XDP_DROP
    else:
        found = second.lookup(1)
        if not found:
            return XDP_DROP
    found += 1
    return found


@bpf
@section("xdp")
def rounds(ctx: struct_xdp_md):
    found = first.lookup(0)
    if found is None:
        return XDP_DROP
    for n in range(4):
        found += 1
        other = second.lookup(n)
        if other is not None:
            found = other
    return XDP_PASS
