"""A token bucket for each source address, IPv4 and IPv6, in a map that forgets the least recently seen."""
#: verify
#: set: burst=3
#: set: rate=1
#: run: limit(packet=eth/ip/udp cut N) for N in 40..43 == XDP_PASS
#: run: limit(packet=eth/ip/tcp) == XDP_DROP
#: map: buckets[{0:12, hex(0a000001):4}].dropped == 1
#: run: limit(packet=eth/ip(src=10.0.0.3)/udp) == XDP_PASS
#: run: limit(packet=eth/ip6/udp cut N) for N in 60..63 == XDP_PASS -> run limit(packet=eth/ip6/udp) == XDP_DROP
#: map: buckets[hex(fd000000000000000000000000000001)].dropped == 1
#: run: limit(packet=eth(type=0x806)/zeros(28)) == XDP_PASS -> run limit(packet=eth/ip cut 29) == XDP_PASS
#: map: buckets.len == 3
#: workload: sleep 1100
#: run: limit(packet=eth/ip/tcp) == XDP_PASS
#: needs: file:/usr/sbin/ip
#: attach: veth
#: workload: ping 10.77.0.1 5 < 5
#: map: buckets[{0:12, hex(0a4d0002):4}].dropped >= 1
#: vm: 6.1 6.12 7.3

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import ktime
from pbpf.maps import LruHash
from pbpf.net import ETH_P_IP, ETH_P_IPV6, htons
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr, struct_ipv6hdr

LICENSE = "GPL"

SECOND = 1_000_000_000


@bpf
@struct
class Source:
    words: c_uint32 * 4


@bpf
@struct
class Bucket:
    tokens: c_uint64
    filled: c_uint64
    dropped: c_uint64


@bpf
@map
def buckets():
    return LruHash(key=Source, value=Bucket, max_entries=4096)


@bpf
@bpfglobal(const=True)
def rate() -> c_uint64:
    """Packets per second."""
    return 1000


@bpf
@bpfglobal(const=True)
def burst() -> c_uint64:
    return 100


@bpf
@section("xdp")
def limit(ctx):
    eth = struct_ethhdr(ctx.data)
    source = Source()
    if eth.h_proto == htons(ETH_P_IP):
        source.words[3] = struct_iphdr(eth + 1).saddr
    elif eth.h_proto == htons(ETH_P_IPV6):
        ip6 = struct_ipv6hdr(eth + 1)
        for i in range(4):
            source.words[i] = ip6.saddr.in6_u.u6_addr32[i]
    else:
        return XDP_PASS
    now = ktime()
    bucket = buckets.lookup(source)
    if bucket is None:
        buckets[source] = Bucket(tokens=burst - 1, filled=now)
        return XDP_PASS
    # Only whole tokens move the time of filling on, so slow trickles are not lost.
    earned = (now - bucket.filled) * rate // SECOND
    if earned > 0:
        bucket.tokens = min(bucket.tokens + earned, burst)
        bucket.filled += earned * SECOND // rate
    if bucket.tokens == 0:
        bucket.dropped += 1
        return XDP_DROP
    bucket.tokens -= 1
    return XDP_PASS
