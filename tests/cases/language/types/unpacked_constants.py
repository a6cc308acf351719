"""Constants that one assignment at the top of the file gives to several names."""
#: verify
#: run: sums(packet=zeros(14)) == 231
#: vm: 6.1 6.12 7.3

from enum import IntFlag

from pbpf import bpf, section

LICENSE = "GPL"


class Mode(IntFlag):
    READ = 1
    WRITE = 2


ONE, TWO = 1, 2
ONE, TWO = TWO, ONE
NAME, (THREE, FOUR), [FIVE] = "ab", (3, 4), (5,)
BOTH, PORTS = Mode.READ | Mode.WRITE, (100, 116)
# Of what is computed somewhere else only the uses are refused.
HOST, PORT = "localhost:53".split(":")


@bpf
@section("xdp")
def sums(ctx):
    total = 0
    for port in PORTS:
        total += port
    if NAME == "ab" and ONE > TWO:
        total += THREE + FOUR + FIVE
    return total + BOTH
