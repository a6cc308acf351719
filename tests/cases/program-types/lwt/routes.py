"""What routes take in and send out, and a segment of segment routing."""

#: verify
#: vm: 6.1 6.12 7.3
from pbpf import bpf, bpfglobal, section
from vmlinux import struct_iphdr


@bpf
@section("lwt_in")
def comes_in(skb):
    return 2 if struct_iphdr(skb.data).ttl < 2 else 0


@bpf
@section("lwt_out")
def goes_out(skb):
    skb.mark = struct_iphdr(skb.data).tos
    return 0


@bpf
@section("lwt_xmit")
def leaves(skb):
    ip = struct_iphdr(skb.data)
    ip.tos = 0
    return 0


@bpf
@section("lwt_seg6local")
def segment(skb):
    return 0 if skb.len > 40 else 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
