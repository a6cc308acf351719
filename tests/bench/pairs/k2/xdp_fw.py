"""A firewall with an inside: connections that begin there are remembered, and from outside only their packets come in."""

from ctypes import c_uint8, c_uint16, c_uint32

from pbpf import bpf, map, section, struct
from pbpf.maps import DevMap, HashMap
from pbpf.net import ETH_P_IP, IPPROTO_TCP, IPPROTO_UDP, htons
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr, struct_udphdr

LICENSE = "GPL"

INSIDE = 1


@bpf
@struct
class Flow:
    inner: c_uint32
    outer: c_uint32
    inner_port: c_uint16
    outer_port: c_uint16
    protocol: c_uint32


@bpf
@map
def flows():
    return HashMap(key=Flow, value=c_uint8, max_entries=1024)


@bpf
@map
def devices():
    return DevMap(max_entries=8)


@bpf
@section("xdp", short_packet=XDP_DROP)
def prog(ctx):
    eth = struct_ethhdr(ctx.data)
    ip = struct_iphdr(eth + 1)
    # TCP has its ports at the same place.
    ports = struct_udphdr(ip + 1)
    if ports + 1 > ctx.data_end:
        return XDP_DROP
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    if ip.ihl != 5 or ip.protocol not in (IPPROTO_TCP, IPPROTO_UDP):
        return XDP_DROP
    if ctx.ingress_ifindex == INSIDE:
        flows[Flow(ip.saddr, ip.daddr, ports.source, ports.dest, ip.protocol)] = 1
        return devices.redirect(1, 0)
    if Flow(ip.daddr, ip.saddr, ports.dest, ports.source, ip.protocol) in flows:
        return devices.redirect(0, 0)
    return XDP_DROP
