"""What only loads here: an action of a filter, a device of two ends (netkit), and verdicts of datagram sockets."""
#: needs: kernel>=6.7
#: verify
#: bpftool: no "that of Debian 12 knows no such sections"
#: vm: 6.12 7.3
from pbpf import bpf, section
from vmlinux import SK_PASS

LICENSE = "GPL"


@bpf
@section("action")
def acts(skb):
    return 0 if skb.len > 60 else 2


@bpf
@section("netkit/primary")
def primary(skb):
    return 0


@bpf
@section("netkit/peer")
def peer(skb):
    skb.mark = 7
    return 0


@bpf
@section("sk_skb/verdict")
def verdict(skb):
    return SK_PASS
