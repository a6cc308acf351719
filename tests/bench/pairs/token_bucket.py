"""A token bucket for each source address."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import HashMap
from pbpf.net import ETH_P_IP, htons
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr


@bpf
@struct
class Bucket:
    tokens: c_uint64
    seen: c_uint64
    dropped: c_uint32


@bpf
@map
def buckets():
    return HashMap(key=c_uint32, value=Bucket, max_entries=256)


@bpf
@section("xdp")
def prog(ctx):
    data = ctx.data
    end = ctx.data_end
    eth = struct_ethhdr(data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    source = ip.saddr
    bucket = buckets.lookup(source)
    if bucket is None:
        buckets[source] = Bucket(tokens=1000, seen=ip.id, dropped=0)
        return XDP_PASS
    earned = (ip.id - bucket.seen) * 4
    if earned > 0:
        bucket.tokens = min(bucket.tokens + earned, 4000)
    bucket.seen = ip.id
    cost = end - data
    if bucket.tokens < cost:
        bucket.dropped += 1
        return XDP_DROP
    bucket.tokens -= cost
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
