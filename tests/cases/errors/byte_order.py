"""Numbers in network byte order that meet constants in the other one."""

from pbpf import bpf, section
from pbpf.net import ETH_P_IP, htons, ntohs
from vmlinux import XDP_DROP, XDP_PASS, struct_ethhdr, struct_iphdr, struct_ipv6hdr, struct_tcphdr

LICENSE = "GPL"

PORT = 80


@bpf
def known(port):
    return port == 443  # warning:20: [byte-order] "`ntohs(port) == 443`"


@bpf
def port_of(tcp: struct_tcphdr):
    return tcp.source


@bpf
@section("xdp")
def compared(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto == 0x0800:  # warning:23: [byte-order] "write `ntohs(eth.h_proto) == 0x0800`, or compare with `htons(0x0800)`"
        return XDP_DROP
    if eth.h_proto != ETH_P_IP:  # warning:23: [byte-order] "`eth.h_proto` is in network byte order, and ETH_P_IP is not"
        return XDP_DROP
    ip = struct_iphdr(eth + 1)
    tcp = struct_tcphdr(ip + 1)
    if 0x7F000001 == ip.saddr:  # warning:8: [byte-order] "write `0x7F000001 == ntohl(ip.saddr)`, or compare with `htonl(0x7F000001)`"
        return XDP_DROP
    if tcp.dest in (PORT, 443):  # warning:21: [byte-order] "PORT is not"    # warning:27: [byte-order] "443"
        return XDP_DROP
    if known(tcp.dest) or known(tcp.source):
        return XDP_DROP
    if tcp.dest < 1024:  # warning:19: [byte-order] "write `ntohs(tcp.dest) < 1024`"
        return XDP_DROP
    if tcp.dest < htons(1024):  # warning:19: [byte-order] "which has no greater and less"
        return XDP_DROP
    ip6 = struct_ipv6hdr(eth + 1)
    if ip6.saddr.in6_u.u6_addr32[0] == 0x20010DB8:  # warning:40: [byte-order] "htonl(0x20010DB8)"
        return XDP_DROP
    return XDP_PASS


@bpf
@section("xdp")
def through_variables(ctx):
    tcp = struct_tcphdr(ctx.data + 34)
    port = 0
    if tcp.syn:
        port = tcp.dest
    if port == 80:  # warning:16: [byte-order] "`ntohs(port) == 80`"
        return XDP_DROP
    if (other := tcp.source) == 80:  # warning:33: [byte-order]
        return XDP_DROP
    if other & htons(0xFF00) == 0x1200:  # warning:33: [byte-order]
        return XDP_DROP
    if port_of(tcp) == 22:  # warning:24: [byte-order] "`ntohs(port_of(tcp)) == 22`"
        return XDP_DROP
    match tcp.dest:
        case 22 | 23:  # warning:14: [byte-order] "give the subject as `ntohs(...)`"    # warning:19: [byte-order] "23"
            return XDP_DROP
        case 0:
            return XDP_DROP
    return XDP_PASS


@bpf
@section("xdp")
def assigned(ctx):
    eth = struct_ethhdr(ctx.data)
    ip = struct_iphdr(eth + 1)
    tcp = struct_tcphdr(ip + 1)
    eth.h_proto = 0x86DD  # warning:19: [byte-order] "write `htons(0x86DD)`"
    tcp.dest, tcp.source = tcp.source, 90 if ip.ttl else htons(5)  # warning:40: [byte-order] "`tcp.source`"
    ip.tot_len += 4  # warning:19: [byte-order] "write `ip.tot_len = htons(ntohs(ip.tot_len) + 4)`"
    ip6 = struct_ipv6hdr(eth + 1)
    ip6.daddr.in6_u.u6_addr32[3] = 1  # warning:36: [byte-order] "htonl(1)"
    return XDP_PASS if ntohs(eth.h_proto) == ETH_P_IP else XDP_DROP


@bpf
@section("tc")
def of_the_context(skb):
    if skb.protocol == ETH_P_IP:  # warning:24: [byte-order] "write `ntohs(skb.protocol) == ETH_P_IP`"
        return 1
    return 0


@bpf
@section("sockops")
def of_a_socket(ops):
    # As the kernel keeps it, the port is in the upper half.
    if ops.remote_port == 80:  # warning:27: [byte-order] "ntohl(ops.remote_port)"
        return 1
    return 0 if ops.local_port == 80 else 1
