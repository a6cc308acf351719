"""Spreads connections to a service over servers by a table of consistent hashing, and sends each packet on inside IPv4."""
#: verify
#: set: own_address=0x0900000a
#: run: balance(packet=eth/ip/tcp(dport=80)) == XDP_PASS
#: put: services[{hex(0a000002):4, hex(0050):2, 6:2}] = 0
#: run: balance(packet=eth/ip/tcp(dport=80)) == XDP_DROP
#: put: servers[0] = {hex(c0a80007):4, hex(0200000000aa):6, 0:6, 0:8}
#: run: balance(packet=eth/ip/tcp(dport=80)/"data") == XDP_TX -> packet eth(dst=02:00:00:00:00:aa, src=02:00:00:00:00:02)/ip(src=10.0.0.9, dst=192.168.0.7, proto=4)/ip/tcp(dport=80)/"data"
#: run: balance(packet=eth/ip(tos=8, ttl=2)/tcp(dport=80)/zeros(99)) == XDP_TX -> packet eth(dst=02:00:00:00:00:aa, src=02:00:00:00:00:02)/ip(src=10.0.0.9, dst=192.168.0.7, proto=4, tos=8)/ip(tos=8, ttl=2)/tcp(dport=80)/zeros(99)
#: map: servers[0].packets == 2
#: run: balance(packet=eth/ip/tcp(dport=81)) == XDP_PASS -> run balance(packet=eth/ip/udp(dport=80)) == XDP_PASS -> run balance(packet=eth/ip(dst=10.0.0.3)/tcp(dport=80)) == XDP_PASS
#: run: balance(packet=eth/ip/icmp) == XDP_PASS -> run balance(packet=eth/ip6/tcp(dport=80)) == XDP_PASS -> run balance(packet=eth/ip(options=4)/tcp(dport=80)) == XDP_DROP
#: run: balance(packet=eth/ip/tcp(dport=80) cut N) for N in 0..38 == XDP_PASS
#: needs: file:/usr/sbin/ip
#: attach: veth generic
#: workload: frame eth/ip/tcp(dport=80)/"data" answered eth(dst=02:00:00:00:00:aa, src=02:00:00:00:00:02)/ip(src=10.0.0.9, dst=192.168.0.7, proto=4)/ip/tcp(dport=80)/"data" == 1
#: workload: frame eth/ip(options=4)/tcp(dport=80) -> workload ping 10.77.0.1 3 == 3
#: map: servers[0].packets == 3
#: vm: 6.1 6.12 7.3

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_xdp_adjust_head
from pbpf.maps import ArrayMap, HashMap
from pbpf.net import ETH_P_IP, IPPROTO_IPIP, IPPROTO_TCP, IPPROTO_UDP, htons, ntohs
from vmlinux import XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, struct_ethhdr, struct_iphdr, struct_udphdr

LICENSE = "GPL"

# Slots of a service in the table: a prime, as Maglev's method of filling it asks for.
SLOTS = 251
MOST_SERVICES = 4


@bpf
@struct
class Service:
    address: c_uint32
    port: c_uint16
    protocol: c_uint16


@bpf
@struct
class Server:
    address: c_uint32
    mac: c_uint8 * 6
    packets: c_uint64


@bpf
@map
def services():
    """The number of each service, in network order as packets have it."""
    return HashMap(key=Service, value=c_uint32, max_entries=MOST_SERVICES)


@bpf
@map
def slots():
    """For each service SLOTS numbers of servers."""
    return ArrayMap(key=c_uint32, value=c_uint32, max_entries=1004)


@bpf
@map
def servers():
    return ArrayMap(key=c_uint32, value=Server, max_entries=64)


@bpf
@bpfglobal(const=True)
def own_address() -> c_uint32:
    """The source of the outer header, in network order."""
    return 0


@bpf
def mixed(h):
    """The last steps of MurmurHash3, on 32 bits."""
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


@bpf
def header_sum(ip):
    """The checksum of a header without options whose checksum field is zero."""
    words = struct_words(ip)
    total = 0
    for i in range(10):
        total += words.word[i]
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


@bpf
@struct
class struct_words:
    word: c_uint16 * 10


@bpf
@section("xdp")
def balance(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto != htons(ETH_P_IP):
        return XDP_PASS
    ip = struct_iphdr(eth + 1)
    if ip.protocol not in (IPPROTO_TCP, IPPROTO_UDP):
        return XDP_PASS
    if ip.ihl != 5 or ntohs(ip.frag_off) & 0x3FFF:
        # Ports are not where they are looked for, or not there at all.
        return XDP_DROP
    # TCP has its ports at the same place.
    ports = struct_udphdr(ip + 1)
    number = services.lookup(Service(address=ip.daddr, port=ports.dest, protocol=ip.protocol))
    if number is None:
        return XDP_PASS
    flow = mixed(mixed(ip.saddr) ^ ports.source ^ ports.dest << 16)
    slot = slots.lookup(number * SLOTS + flow % SLOTS)
    if slot is None:
        return XDP_ABORTED
    server = servers.lookup(slot)
    if server is None or server.address == 0:
        return XDP_DROP
    length = ntohs(ip.tot_len)
    tos = ip.tos
    if bpf_xdp_adjust_head(ctx, -sizeof(struct_iphdr)) != 0:
        return XDP_ABORTED
    old = struct_ethhdr(ctx.data + sizeof(struct_iphdr))
    eth = struct_ethhdr(ctx.data)
    eth.h_source = old.h_dest
    eth.h_dest = server.mac
    eth.h_proto = htons(ETH_P_IP)
    outer = struct_iphdr(eth + 1)
    outer.version = 4
    outer.ihl = 5
    outer.tos = tos
    outer.tot_len = htons(length + sizeof(struct_iphdr))
    outer.id = 0
    outer.frag_off = 0
    outer.ttl = 64
    outer.protocol = IPPROTO_IPIP
    outer.check = 0
    outer.saddr = own_address
    outer.daddr = server.address
    outer.check = header_sum(outer)
    server.packets += 1
    return XDP_TX
