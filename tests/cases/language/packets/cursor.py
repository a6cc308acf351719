"""A cursor that meets itself as different headers counts bytes; what is behind it is bytes."""
#: verify
#: run: parse(packet=eth/ip/udp(dport=53)) == 1
#: run: parse(packet=eth/vlan(id=5)/ip/udp(dport=53)) == 1
#: run: parse(packet=eth/ip/udp(dport=54)) == 2
#: run: parse(packet=eth/ip6/udp(dport=53)) == 1
#: vm: 6.1 6.12 7.3

from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr, struct_ipv6hdr, struct_udphdr, struct_vlan_hdr

from pbpf import bpf, bpfglobal, section
from pbpf.net import ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6, htons


@bpf
@section("xdp")
def parse(ctx):
    eth = struct_ethhdr(ctx.data)
    kind = eth.h_proto
    at = eth + 1
    if kind == htons(ETH_P_8021Q):
        vlan = struct_vlan_hdr(at)
        kind = vlan.h_vlan_encapsulated_proto
        at = vlan + 1
    if kind == htons(ETH_P_IP):
        at = at + (at[0] & 15) * 4
    elif kind == htons(ETH_P_IPV6):
        at = struct_ipv6hdr(at) + 1
    else:
        return XDP_PASS
    udp = struct_udphdr(at)
    return XDP_DROP if udp.dest == htons(53) else XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
