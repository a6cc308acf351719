"""A struct as the context, where programs have none of user space's."""

from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section, struct


@bpf
@struct
class Request:
    a: c_uint64


@bpf
@section("syscall")
def act(request: Request):
    return request.b  # error:12: [unknown-field] "has no field `b`"


@bpf
@section("xdp")
def packet(request: Request):  # warning:12: [ignored-parameter]
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
