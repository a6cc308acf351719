"""A loop that counts down from what a packet says: more rounds than the verifier walks, counted by the kernel."""
#: verify
#: vm: 6.12 7.3
#: run: downward(packet=count(64)) == 122
#: run: downward(packet=ones(64)) == 1

from ctypes import c_uint8

from pbpf import bpf, section, struct

LICENSE = "GPL"


@bpf
@struct
class Octets:
    octet: c_uint8 * 64


@bpf
@section("xdp", short_packet=1)
def downward(ctx):
    o = Octets(ctx.data)
    s = 0
    k = o.octet[15]
    while k >= 0:
        s += o.octet[k]
        k -= 1
    return s + 2
