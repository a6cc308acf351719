"""What a caller has proved of a packet or a map value holds in the functions that it calls."""

#: verify
#: run: prog(packet=eth/ip(ttl=9)/udp(dport=53)/zeros(20)) == XDP_DROP
#: run: prog(packet=eth/ip(ttl=9)/udp(dport=54)/zeros(20)) == XDP_PASS
#: run: prog(packet=eth/ip6/udp(dport=53)/zeros(20)) == XDP_PASS
#: run: prog(packet=zeros(14)) == XDP_PASS
#: map: seen[53] == 1
#: map: seen[54] == 1
#: map: seen[1] missing
#: vm: 6.1
from ctypes import c_uint16, c_uint64
from pbpf import bpf, map, section
from pbpf.maps import HashMap
from pbpf.net import ntohs
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr, struct_udphdr


@bpf
@map
def seen():
    return HashMap(key=c_uint16, value=c_uint64, max_entries=16)


@bpf
def port(ctx):
    """Checks the packet itself."""
    eth = struct_ethhdr(ctx.data)
    if ctx.data + 42 > ctx.data_end or ntohs(eth.h_proto) != 0x0800:
        return 0
    return ntohs(struct_udphdr(ctx.data + 34).dest)


@bpf
def count(key: c_uint16):
    found = seen.lookup(key)
    if found is None:
        seen[key] = 1
        return 1
    found += 1
    return found


@bpf
@section("xdp")
def prog(ctx):
    to = port(ctx)
    if to == 0:
        return XDP_PASS
    count(to)
    if to == 53:
        return XDP_DROP
    return XDP_PASS
