"""What was proved of the packet before a helper moved it is proved anew, and what is read again behind another helper is not lost."""
#: verify
#: run: swaps(packet=count(30)) == XDP_TX -> packet hex(060708090a0b000102030405)/hex(0c0d0e0f10111213 1415161718191a1b1c1d)
#: run: longer(packet=count(20)) == XDP_TX -> packet count(6)/count(6)/hex(0607)/hex(06070809 0a0b)/hex(0c0d 0e0f10111213)
#: run: joined(packet=count(20)) == XDP_TX -> packet hex(04 05060708 090a0b0c 0d070f10111213)
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32

from pbpf import bpf, map, section
from pbpf.helper import bpf_get_prandom_u32, bpf_xdp_adjust_head
from pbpf.maps import ArrayMap
from vmlinux import XDP_DROP, XDP_TX, struct_ethhdr

LICENSE = "GPL"


@bpf
@map
def counts():
    return ArrayMap(value=c_uint32, max_entries=2)


@bpf
@section("xdp")
def swaps(ctx):
    """Nothing moves the packet; a helper is called between two readings of its start."""
    eth = struct_ethhdr(ctx.data)
    dest = eth.h_dest
    counts[0] += 1
    again = struct_ethhdr(ctx.data)
    again.h_dest = again.h_source
    again.h_source = dest
    return XDP_TX


@bpf
@section("xdp")
def longer(ctx):
    """The same, before and behind what moves the packet."""
    source = struct_ethhdr(ctx.data).h_source
    bpf_get_prandom_u32()
    dest = struct_ethhdr(ctx.data).h_dest
    if bpf_xdp_adjust_head(ctx, -8) != 0:
        return XDP_DROP
    struct_ethhdr(ctx.data).h_dest = dest
    bpf_get_prandom_u32()
    struct_ethhdr(ctx.data).h_source = dest
    bpf_get_prandom_u32()
    kind = source[0] | source[1] << 8
    struct_ethhdr(ctx.data).h_proto = kind
    struct_ethhdr(ctx.data + 8).h_source = source
    return XDP_TX


@bpf
@section("xdp")
def joined(ctx):
    """The start is read on two ways, and again where they meet."""
    if counts[1] == 0:
        first = ctx.data[6]
    else:
        first = ctx.data[7]
    bpf_get_prandom_u32()
    second = ctx.data[1]
    if bpf_xdp_adjust_head(ctx, 4) != 0:
        return XDP_DROP
    ctx.data[10] = first + second
    return XDP_TX
