"""The checksum of an IPv4 header, summed in a loop; 1 where it is right."""

from ctypes import c_uint16

from pbpf import bpf, bpfglobal, section
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr


@bpf
@section("xdp")
def prog(ctx):
    data = ctx.data
    if data + 34 > ctx.data_end:
        return XDP_PASS
    eth = struct_ethhdr(data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(data + 14)
    total = (ip.version << 4 | ip.ihl) + (ip.tos << 8) + ip.tot_len + ip.id + ip.frag_off + ip.ttl
    total += (ip.protocol << 8) + ip.check
    for shift in range(0, 32, 16):
        total += (ip.saddr >> shift & 0xFFFF) + (ip.daddr >> shift & 0xFFFF)
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return XDP_PASS if total == 0xFFFF else XDP_DROP


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
