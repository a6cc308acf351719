"""Structs, arrays, indices, references to functions, and packet fields that are written."""

#: verify
#: run: prog(packet=eth/ip(ttl=9)/udp/zeros(20)) == XDP_TX
#: run: prog(packet=eth/ip6/udp/zeros(20)) == XDP_PASS
#: run: prog(packet=zeros(14)) == XDP_PASS
from ctypes import c_uint64, c_uint32, c_int64
from pbpf import bpf, bpfglobal, section, map, struct
from pbpf.maps import ArrayMap
from vmlinux import XDP_PASS, XDP_TX, struct_ethhdr, struct_iphdr, struct_ipv6hdr

@bpf
@struct
class Pair:
    a: c_uint64
    b: c_uint32 * 4

@bpf
@map
def table() -> ArrayMap:
    return ArrayMap(value=Pair, max_entries=4)

@bpf
def total(p: Pair, scale):
    s = 0
    for i in range(4):
        s += p.b[i]
    return s * scale

@bpf
@section("xdp")
def prog(ctx):
    p = Pair(a=1)
    p.b[1] = 7
    n = (ctx.data_end - ctx.data) % 10
    p.b[n] = 3
    q = p
    q.a += 5
    v = table.lookup(n)
    if v:
        v.b[2] = q.b[1]
        v.a = total(q, 2)
    eth = struct_ethhdr(ctx.data)
    t = eth.h_dest[0]
    eth.h_dest[0] = eth.h_source[0]
    eth.h_source[0] = t
    ip = struct_iphdr(eth + 1)
    if ip.version == 4 and ip.ihl >= 5:
        ip.ttl -= 1
        return XDP_TX
    return XDP_PASS

@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
