"""Bytes in front of the packet, on one of the ways that meet."""
from pbpf import bpf, section
from pbpf.net import ETH_P_8021Q, htons
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_udphdr, struct_vlan_hdr


@bpf
@section("xdp")
def parse(ctx):
    eth = struct_ethhdr(ctx.data)
    kind = eth.h_proto
    at = eth + -1
    if kind == htons(ETH_P_8021Q):
        at = struct_vlan_hdr(at) + 1
    else:
        at = eth + 1
    udp = struct_udphdr(at)
    return XDP_DROP if udp.dest == htons(53) else XDP_PASS  # error:24: [unproved-packet-access] "may be 8 bytes in front"


@bpf
@section("xdp")
def back(ctx):
    at = ctx.data + 20
    if ctx.rx_queue_index > 0:
        at = ctx.data + 14
    # Both are behind the start.
    return (at - 14)[0]
