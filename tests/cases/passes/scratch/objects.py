"""What a helper takes as an object stays on the stack, other buffers move: `bpf_loop` wants its context there."""

#: flags: --large-locals map
#: verify
#: run: prog(packet=zeros(60)) == 45
from ctypes import c_uint32

from pbpf import bpf, section, struct
from pbpf.helper import bpf_loop


@bpf
@struct
class Sums:
    total: c_uint32
    values: c_uint32 * 70


@bpf
def add(index, sums):
    sums.total += index
    sums.values[index & 31] = index
    return 0


@bpf
@section("xdp")
def prog(ctx):
    sums = Sums()
    plain = (c_uint32 * 70)()
    plain[3] = 9
    bpf_loop(10, add, sums)
    return sums.total + plain[3] - sums.values[9]
