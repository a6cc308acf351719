"""Packets and bytes of each flow, under a struct of addresses and ports."""

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import LruHash
from pbpf.net import ETH_P_IP, IPPROTO_TCP, htons
from vmlinux import XDP_PASS, struct_ethhdr, struct_iphdr, struct_tcphdr


@bpf
@struct
class Flow:
    source: c_uint32
    target: c_uint32
    source_port: c_uint16
    target_port: c_uint16
    protocol: c_uint8


@bpf
@struct
class Traffic:
    packets: c_uint64
    octets: c_uint64


@bpf
@map
def flows():
    return LruHash(key=Flow, value=Traffic, max_entries=1024)


@bpf
@section("xdp")
def prog(ctx):
    data = ctx.data
    end = ctx.data_end
    eth = struct_ethhdr(data)
    ip = struct_iphdr(data + 14)
    tcp = struct_tcphdr(data + 34)
    if data + 54 > end:
        return XDP_PASS
    if eth.h_proto != htons(ETH_P_IP) or ip.protocol != IPPROTO_TCP:
        return XDP_PASS
    flow = Flow(source=ip.saddr, target=ip.daddr, source_port=tcp.source, target_port=tcp.dest, protocol=ip.protocol)
    traffic = flows.lookup(flow)
    if traffic is None:
        flows[flow] = Traffic(packets=1, octets=end - data)
    else:
        traffic.packets += 1
        traffic.octets += end - data
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
