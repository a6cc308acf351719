"""Drops TCP connection requests of a source above a number per second, and those whose options no real system sends."""
#: verify
#: set: threshold=3
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 6002 ffff 0000 0000 020405b4)/zeros(N)) for N in 0..3 == XDP_PASS
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 6002 ffff 0000 0000 020405b4)) == XDP_DROP -> map dropped[2] == 1
#: run: filter(packet=eth/ip(src=10.0.0.3, proto=6)/hex(03e8 07d0 00000001 00000000 6002 ffff 0000 0000 020405b4)) == XDP_PASS
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 8002 ffff 0000 0000 0101040201030307020405b4)) == XDP_DROP -> map dropped[2] == 2
#: run: filter(packet=eth/ip/tcp) == XDP_DROP -> map dropped[1] == 1
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 6002 ffff 0000 0000 00000000)) == XDP_DROP -> map dropped[1] == 2
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 6002 ffff 0000 0000 02040000)) == XDP_DROP -> map dropped[1] == 3
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 6002 ffff 0000 0000 03000000)) == XDP_DROP -> map dropped[0] == 1
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 6002 ffff 0000 0000 03010000)) == XDP_DROP -> map dropped[0] == 2
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 6002 ffff 0000 0000 01010305)) == XDP_DROP -> map dropped[0] == 3
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 6002 ffff 0000 0000 01010103)) == XDP_DROP -> map dropped[0] == 4
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 f002 ffff 0000 0000 020405b4)) == XDP_DROP -> map dropped[0] == 5
#: run: filter(packet=eth/ip(proto=6)/hex(03e8 07d0 00000001 00000000 4002 ffff 0000 0000 020405b4)) == XDP_DROP -> map dropped[0] == 6
#: run: filter(packet=eth/ip(src=10.0.0.4, proto=6)/hex(03e8 07d0 00000001 00000000 f002 ffff 0000 0000 010101010101010101010101010101010101010101010101010101010101010101010101020405b4)) == XDP_PASS
#: run: filter(packet=eth/ip/tcp(flags=SA)) == XDP_PASS -> run filter(packet=eth/ip/tcp(flags=A)) == XDP_PASS -> run filter(packet=eth/ip/udp) == XDP_PASS
#: run: filter(packet=eth/ip(options=8)/tcp) == XDP_DROP -> map dropped[1] == 4
#: run: filter(packet=eth/ip/tcp cut N) for N in 0..48 == XDP_PASS
#: run: filter(packet=eth/ip/tcp cut N) for N in 48..54 == XDP_DROP -> map dropped[0] == 12
#: map: sources.len == 3
#: needs: file:/usr/sbin/ip
#: attach: veth
#: workload: tcp 10.77.0.1:9 5 == 3
#: map: dropped[2] >= 4
#: workload: frame eth/ip/tcp -> map dropped[1] == 5
#: workload: ping 10.77.0.1 3 == 3
#: vm: 6.12 7.3

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import ktime
from pbpf.maps import ArrayMap, LruHash
from pbpf.net import ETH_P_IP, IPPROTO_TCP, htons, ntohs
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr, struct_tcphdr

LICENSE = "GPL"

SECOND = 1_000_000_000
END, NOTHING, SEGMENT_SIZE = 0, 1, 2
MALFORMED, NO_SEGMENT_SIZE, TOO_MANY = 0, 1, 2


@bpf
@struct
class Requests:
    since: c_uint64
    count: c_uint32


@bpf
@map
def sources():
    return LruHash(key=c_uint32, value=Requests, max_entries=4096)


@bpf
@map
def dropped():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=3)


@bpf
@bpfglobal(const=True)
def threshold() -> c_uint32:
    """Requests per second and source."""
    return 64


@bpf
def drop(why):
    dropped[why] += 1
    return XDP_DROP


@bpf
@section("xdp")
def filter(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    if ip.ihl < 5 or ip.protocol != IPPROTO_TCP or ntohs(ip.frag_off) & 0x1FFF:
        return XDP_PASS
    start = ctx.data + 14 + ip.ihl * 4
    tcp = struct_tcphdr(start)
    if not tcp.syn or tcp.ack:
        return XDP_PASS
    if tcp.doff < 5:
        return drop(MALFORMED)
    length = tcp.doff * 4
    if start + length > ctx.data_end:
        return drop(MALFORMED)
    at = 20
    segment = 0
    for _ in range(40):
        if at >= length:
            break
        kind = start[at]
        if kind == END:
            break
        if kind == NOTHING:
            at += 1
            continue
        if at + 2 > length:
            return drop(MALFORMED)
        size = start[at + 1]
        if size < 2 or at + size > length:
            return drop(MALFORMED)
        if kind == SEGMENT_SIZE and size == 4:
            segment = start[at + 2] << 8 | start[at + 3]
        at += size
    if segment == 0:
        return drop(NO_SEGMENT_SIZE)
    now = ktime()
    requests = sources.lookup(ip.saddr)
    if requests is None or now - requests.since >= SECOND:
        sources[ip.saddr] = Requests(since=now, count=1)
        return XDP_PASS
    requests.count += 1
    return drop(TOO_MANY) if requests.count > threshold else XDP_PASS
