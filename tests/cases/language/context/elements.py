"""Elements of arrays in the context, chosen by a number: each is read at a constant offset, and one is taken."""
#: verify
#: run: around(packet=ones(64), ctx=zeros(192)) == 15 -> ctx bytes 48..52 == 0 -> ctx bytes 52..56 == 15 -> ctx bytes 56..60 == 0
#: run: around(packet=ones(65), ctx=zeros(192)) == 16 -> ctx bytes 52..56 == 0 -> ctx bytes 56..60 == 16
#: run: around(packet=ones(66), ctx=zeros(192)) == 14 -> ctx bytes 48..52 == 14 -> ctx bytes 56..60 == 0
#: run: outside(packet=ones(64), ctx=zeros(192)) == -1
#: run: outside(packet=ones(65), ctx=zeros(192)) == -1
#: run: summed(packet=ones(64), ctx=zeros(192)) == 15
#: vm: 6.1 6.12 7.3

from pbpf import bpf, section

LICENSE = "GPL"


@bpf
@section("tc")
def around(skb):
    """`variable ctx access var_off=(0x0; 0xc) disallowed`."""
    i = skb.len % 3
    skb.cb[i] = 14 + i
    return skb.cb[i]


@bpf
@section("tc")
def outside(skb):
    """An index out of range ends the program, as everywhere."""
    skb.cb[skb.len] = 1
    return 3


@bpf
@section("tc")
def summed(skb):
    total = 0
    for i in range(5):
        skb.cb[i] = i + 1
    for i in range(5):
        total += skb.cb[i]
    return total
