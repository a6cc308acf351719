"""Fields that only some programs that see a packet of the network stack have."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("tc")
def classify(skb):
    x = skb.family  # error:9: [unknown-field] "cannot read `family`"
    return skb.remote_ip6[0]  # error:12: [unknown-field] "cannot read `remote_ip6`"


@bpf
@section("socket")
def keeps(skb):
    return skb.data[0]  # error:12: [unknown-field] "cannot read `data`"


@bpf
@section("sk_skb/stream_verdict")
def verdict(skb):
    return skb.mark  # error:12: [unknown-field] "cannot read `mark`"


@bpf
@section("flow_dissector")
def dissect(skb):
    return skb.len  # error:12: [unknown-field] "it has data, data_end, flow_keys"


@bpf
@section("lwt_in")
def routed(skb):
    return skb.tstamp  # error:12: [unknown-field] "cannot read `tstamp`"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
