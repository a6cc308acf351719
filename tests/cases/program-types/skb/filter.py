"""A socket filter reads the packet by a helper, and says how much of it the socket gets."""

#: verify
#: vm: 6.1 6.12 7.3
#: run: keep(packet=eth/ip/udp(dport=53)/"x") == 0xffffffff
#: run: keep(packet=eth/ip/tcp/"x") == 0
from ctypes import c_uint8

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_skb_load_bytes


@bpf
@section("socket")
def keep(skb):
    protocol = c_uint8(0)
    if bpf_skb_load_bytes(skb, 9, protocol) != 0:
        return 0
    skb.cb[4] = skb.len
    return -1 if protocol == 17 else 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
