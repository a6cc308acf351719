"""A field of the context is chosen by a constant: the verifier asks for it."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("tc")
def classify(skb):
    i = skb.len & 3
    skb.cb[i] = 1  # error:5: [not-constant] "constant index"
    return skb.cb[i]  # error:12: [not-constant] "constant index"


@bpf
@section("tc/ingress")
def constant(skb):
    skb.cb[2] = 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
