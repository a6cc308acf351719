"""Packets to sockets (AF_XDP), to other processors, to other devices: one map for each, and what is done where it is empty."""
#: verify
#: run: to_socket(packet=eth/ip) == XDP_PASS
#: put: processors[0] = 192
#: put: devices[2] = 1
#: run: to_processor(packet=eth/ip(src=10.0.0.2)) == XDP_REDIRECT -> run to_processor(packet=eth/ip(src=10.0.0.1)) == XDP_PASS -> run to_processor(packet=eth/ip6) == XDP_PASS
#: run: to_processor(packet=eth/ip(src=10.0.0.2) cut N) for N in 14..30 == XDP_PASS
#: run: to_device(packet=eth) == XDP_REDIRECT -> run to_device(packet=eth(dst=02:00:00:00:00:03)) == XDP_DROP -> run to_device(packet=eth(dst=02:00:00:00:00:ff)) == XDP_DROP
#: run: to_device(packet=eth cut N) for N in 0..6 == XDP_PASS
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32

from pbpf import bpf, map, section
from pbpf.maps import CpuMap, DevMap, XskMap
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr

LICENSE = "GPL"


@bpf
@map
def sockets():
    return XskMap(max_entries=64)


@bpf
@map
def processors():
    return CpuMap(max_entries=64)


@bpf
@map
def devices():
    return DevMap(max_entries=64)


@bpf
@section("xdp")
def to_socket(ctx):
    """The socket of the queue; the stack has what no socket waits for."""
    return sockets.redirect(ctx.rx_queue_index, XDP_PASS)


@bpf
@section("xdp")
def to_processor(ctx):
    """All packets of a source on one processor."""
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    source = ip.saddr
    return processors.redirect((source ^ source >> 8 ^ source >> 16 ^ source >> 24) % 2, XDP_PASS)


@bpf
@section("xdp")
def to_device(ctx):
    """By the link address's last byte, as a switch does."""
    return devices.redirect(struct_ethhdr(ctx.data).h_dest[5], XDP_DROP)
