"""Keeps the first 41 bytes of long packets, and 10 of the others."""

from pbpf import bpf, bpfglobal, section


@bpf
@section("socket")
def keep(skb):
    if skb.len > 60:
        return 41
    return 10


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
