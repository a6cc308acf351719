"""Sets the mark and the priority of packets that leave by the class that their header asks for (DSCP)."""
#: verify
#: bpftool: no "its libbpf does not know tc/egress"
#: put: classes[46] = {7:4, 6:4, 0:8}
#: run: mark(packet=eth/ip(tos=185)/udp, ctx=zeros(192)) == TC_ACT_OK -> ctx bytes 8..12 == 7 -> ctx bytes 32..36 == 6
#: run: mark(packet=eth/ip(tos=180)/udp, ctx=zeros(192)) == TC_ACT_OK -> ctx bytes 8..12 == 0 -> ctx bytes 32..36 == 0
#: run: mark(packet=eth(type=0x86dd)/hex(6b800000)/zeros(36), ctx=zeros(192)) == TC_ACT_OK -> ctx bytes 8..12 == 7
#: run: mark(packet=eth/ip6/udp, ctx=zeros(192)) == TC_ACT_OK -> ctx bytes 8..12 == 0
#: run: mark(packet=eth(type=0x806)/zeros(28), ctx=zeros(192)) == TC_ACT_OK -> ctx bytes 8..12 == 0
#: map: classes[46].packets == 2 -> map classes[45].packets == 1 -> map classes[0].packets == 1
#: needs: file:/usr/sbin/ip
#: needs: kernel>=6.6
#: attach: veth
#: workload: ping 10.77.0.1 3 == 3
#: map: classes[0].packets == 4
#: vm: 6.1 6.12 7.3

from ctypes import c_uint8, c_uint32, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.maps import ArrayMap
from pbpf.net import ETH_P_IP, ETH_P_IPV6, htons
from vmlinux import TC_ACT_OK, struct_ethhdr, struct_iphdr, struct_ipv6hdr

LICENSE = "GPL"


@bpf
@struct
class Class:
    mark: c_uint32
    priority: c_uint32
    packets: c_uint64


@bpf
@map
def classes():
    return ArrayMap(key=c_uint32, value=Class, max_entries=64)


@bpf
@section("tc/egress")
def mark(skb):
    eth = struct_ethhdr(skb.data)
    if eth.h_proto == htons(ETH_P_IP):
        dscp = struct_iphdr(eth + 1).tos >> 2
    elif eth.h_proto == htons(ETH_P_IPV6):
        ip6 = struct_ipv6hdr(eth + 1)
        dscp = ip6.priority << 2 | ip6.flow_lbl[0] >> 6
    else:
        return TC_ACT_OK
    found = classes.lookup(dscp)
    if found is None:
        return TC_ACT_OK
    found.packets += 1
    if found.mark != 0:
        skb.mark = found.mark
        skb.priority = found.priority
    return TC_ACT_OK
