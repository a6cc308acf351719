"""What programs that see a packet of the network stack may not read, write and return."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("tc")
def classify(skb):
    skb.len = 3  # error:5: [read-only] "these can: mark"
    return 0


@bpf
@section("tc/egress")
def leaves(skb):  # error:5: [missing-return] "`return TC_ACT_UNSPEC`"
    skb.mark = 1


@bpf
@section("cgroup_skb/ingress")
def arrives(skb):
    skb.tc_index = 1  # error:5: [read-only] "these can"
    return 2  # error:12: [return-out-of-range] "0 to 1"


@bpf
@section("cgroup_skb/egress")
def sends(skb):
    return 4  # error:12: [return-out-of-range] "0 to 3"


@bpf
@section("socket")
def keeps(skb):
    skb.mark = 1  # error:5: [read-only] "these can: cb"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
