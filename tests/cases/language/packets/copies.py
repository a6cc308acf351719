"""A copy from one place of a packet to another, neither of which was proved: each gets a check of its own."""
#: verify
#: run: copies(packet=count(20)) == XDP_TX -> packet count(6)/hex(020304050607)/hex(0c0d0e0f10111213)
#: run: copies(packet=count(20) cut N) for N in 0..12 == XDP_PASS
#: run: copies(packet=count(20) cut N) for N in 12..20 == XDP_TX
#: run: stores(packet=count(14)) == XDP_DROP
#: run: stores(packet=hex(05000000)/count(12) cut N) for N in 4..13 == XDP_PASS
#: run: stores(packet=hex(05000000)/count(16) cut N) for N in 13..20 == XDP_DROP
#: map: kept[0x04030201] == 0x08070605
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32

from pbpf import bpf, map, section, struct
from pbpf.maps import HashMap
from vmlinux import XDP_DROP, XDP_TX, struct_ethhdr

LICENSE = "GPL"


@bpf
@struct
class Word:
    value: c_uint32


@bpf
@map
def kept():
    return HashMap(key=Word, value=Word, max_entries=4)


@bpf
@section("xdp")
def copies(ctx):
    """Where the bytes come from depends on the packet, where they go to does not."""
    struct_ethhdr(ctx.data).h_source = struct_ethhdr(ctx.data + (ctx.data[1] + ctx.data[1])).h_dest
    return XDP_TX


@bpf
@section("xdp")
def stores(ctx):
    """A key and a value in the packet."""
    at = ctx.data + ctx.data[0]
    kept[Word(at)] = Word(at + 4)
    return XDP_DROP
