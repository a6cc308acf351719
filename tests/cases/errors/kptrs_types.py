"""What a map cannot hold as a kernel object."""
#: check
from ctypes import c_uint64

from pbpf import Kptr, bpf, section, struct


@bpf
@struct
class Odd:
    number: Kptr[c_uint64]  # error:18: [bad-type] "a struct"


@bpf
@section("syscall")
def main(ctx):
    return 0
