"""Packets to sockets (AF_XDP) and to other devices: a map for each, and what is done where it is empty."""
#: verify
#: run: to_socket(packet=eth/ip) == XDP_PASS
#: put: devices[2] = 1
#: run: to_device(packet=eth) == XDP_REDIRECT -> run to_device(packet=eth(dst=02:00:00:00:00:03)) == XDP_DROP -> run to_device(packet=eth(dst=02:00:00:00:00:ff)) == XDP_DROP
#: run: to_device(packet=eth cut N) for N in 0..6 == XDP_PASS
#: vm: 6.1 6.12 7.3

from pbpf import bpf, map, section
from pbpf.maps import DevMap, XskMap
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr

LICENSE = "GPL"


@bpf
@map
def sockets():
    return XskMap(max_entries=64)


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
def to_device(ctx):
    """By the link address's last byte, as a switch does."""
    return devices.redirect(struct_ethhdr(ctx.data).h_dest[5], XDP_DROP)
