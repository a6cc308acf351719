"""Sizes that helpers are told, known only while running: checked, so that the verifier knows them too."""
#: run: masked(ctx=u64[5]) == 5
#: run: masked(ctx=u64[12]) == 0
#: run: any_size(ctx=u64[8]) == 8
#: run: any_size(ctx=u64[9]) == 0
#: run: any_size(ctx=u64[-1]) == 0
#: run: nothing(ctx=u64[0]) == 9
#: run: named(ctx=u64[0]) == 0
#: run: named(ctx=u64[4]) == 1
#: run: named(ctx=u64[17]) == 0
#: vm: 6.1 6.12 7.3
from ctypes import c_int64, c_uint64

from pbpf import bpf, section, struct
from pbpf.helper import bpf_get_current_comm, bpf_probe_read_kernel

LICENSE = "GPL"


@bpf
@struct
class Request:
    size: c_uint64


@bpf
@section("syscall")
def masked(request: Request) -> c_int64:
    number = c_uint64(0)
    size = request.size & 15
    bpf_probe_read_kernel(number, size, 0)
    # Only where the size is that of the number or less.
    return size


@bpf
@section("syscall")
def any_size(request: Request) -> c_int64:
    number = c_uint64(0)
    bpf_probe_read_kernel(number, request.size, 0)
    return request.size


@bpf
@section("syscall")
def nothing(request: Request) -> c_int64:
    number = c_uint64(9)
    # This helper takes no bytes at all as well.
    bpf_probe_read_kernel(number, request.size, 0)
    return number


@bpf
@section("syscall")
def named(request: Request) -> c_int64:
    text = str(16)
    # This one does not: the program ends with its default.
    bpf_get_current_comm(text, request.size)
    return len(text) > 0
