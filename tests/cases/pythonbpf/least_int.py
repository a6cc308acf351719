"""The least `int` of C is written as the negative of a number that no `int` holds, and so is a `long`."""
#: run: negated(packet=zeros(64)) == 1
#: run: below(packet=zeros(64)) == 1
from pythonbpf import bpf, section


@bpf
@section("xdp")
def negated(ctx):
    return 1 if -(-2147483648) > 0 else 2


@bpf
@section("xdp")
def below(ctx):
    return 1 if -2147483648 - 1 < 0 else 2
