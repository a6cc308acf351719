"""A program says itself what becomes of packets that are too short for an inserted check."""

#: verify
#: vm: 6.1 6.12 7.3
#: run: strict(packet=eth/ip/udp/"x") == XDP_PASS
#: run: strict(packet=eth/ip cut 20) == XDP_DROP
#: run: usual(packet=eth/ip cut 20) == XDP_PASS
#: run: shared(packet=eth/ip cut 20) == XDP_ABORTED
#: run: classify(packet=eth(type=0x806)/zeros(6)) == 2
#: run: asserts(packet=eth/ip/udp/"x") == XDP_TX
from pbpf import bpf, bpfglobal, section
from vmlinux import TC_ACT_SHOT, XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, struct_ethhdr, struct_iphdr


@bpf
def protocol(data):
    return struct_iphdr(struct_ethhdr(data) + 1).protocol


@bpf
@section("xdp", short_packet=XDP_DROP)
def strict(ctx):
    return XDP_PASS if protocol(ctx.data) != 6 else XDP_TX


@bpf
@section("xdp")
def usual(ctx):
    return XDP_PASS if protocol(ctx.data) != 6 else XDP_TX


@bpf
@section("xdp", short_packet=XDP_ABORTED)
def shared(ctx):
    return XDP_PASS if protocol(ctx.data) != 6 else XDP_TX


@bpf
@section("tc", short_packet=TC_ACT_SHOT)
def classify(skb):
    return 0 if protocol(skb.data) != 6 else 1


@bpf
@section("xdp", short_packet=XDP_TX)
def asserts(ctx):
    assert protocol(ctx.data) == 6
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
