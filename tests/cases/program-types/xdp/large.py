"""Packets in pieces, and programs that run where a map of devices or processors sends a packet."""
#: verify
#: run: length(packet=zeros(9000)) == 1
#: run: length(packet=zeros(64)) == 2
#: vm: 6.1 6.12 7.3
from pbpf import bpf, section
from pbpf.helper import bpf_xdp_get_buff_len, bpf_xdp_load_bytes
from vmlinux import XDP_DROP, XDP_PASS

LICENSE = "GPL"


@bpf
@section("xdp.frags")
def length(ctx):
    last = bytes(4)
    size = bpf_xdp_get_buff_len(ctx)
    if size > 8000 and bpf_xdp_load_bytes(ctx, size - 4, last) == 0:
        return XDP_DROP
    return XDP_PASS


@bpf
@section("xdp/devmap")
def at_device(ctx):
    return XDP_PASS if ctx.egress_ifindex > 0 else XDP_DROP


@bpf
@section("xdp/cpumap")
def at_processor(ctx):
    return XDP_PASS


@bpf
@section("xdp.frags/devmap")
def in_pieces(ctx):
    return XDP_PASS


@bpf
@section("xdp.frags/cpumap")
def in_pieces_too(ctx):
    return XDP_PASS
