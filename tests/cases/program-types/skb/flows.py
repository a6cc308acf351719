"""Sockets of a map and the flow dissector: each reads what it may."""

#: verify
#: vm: 6.1 6.12 7.3
#: run: dissect(packet=eth/ip/udp(dport=53)/"x") == 0
#: attach: netns
#: detach
from pbpf import bpf, bpfglobal, map, section
from pbpf.helper import bpf_sk_redirect_map
from pbpf.maps import SockMap
from vmlinux import struct_iphdr


@bpf
@map
def peers() -> SockMap:
    return SockMap(max_entries=2)


@bpf
@section("sk_skb/stream_parser")
def parser(skb):
    return skb.len


@bpf
@section("sk_skb/stream_verdict")
def verdict(skb):
    return bpf_sk_redirect_map(skb, peers, skb.local_port & 1)


@bpf
@section("flow_dissector")
def dissect(skb):
    keys = skb.flow_keys
    keys.nhoff = 14
    keys.ip_proto = struct_iphdr(skb.data).protocol
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
