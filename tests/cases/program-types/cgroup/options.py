"""Options of sockets, kernel parameters and devices of a control group."""

#: verify
#: vm: 6.1 6.12 7.3
#: attach: cgroup
#: workload: udp-echo 127.0.0.1:7781 1 == 1
from ctypes import c_uint32, c_void_p

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_retval, bpf_set_retval, bpf_sysctl_get_name


@bpf
@section("cgroup/setsockopt")
def sets(ctx):
    if ctx.level == 1 and ctx.optname == 8:
        ctx.optval[0] = 0
        ctx.optlen = 4
    return 1


@bpf
@section("cgroup/getsockopt")
def gets(ctx):
    if ctx.retval != 0:
        ctx.retval = 0
    return 1


@bpf
@section("cgroup/sysctl")
def parameter(ctx):
    name = str(32)
    bpf_sysctl_get_name(ctx, name, 32, 0)
    if ctx.write and name == "kernel/ostype":
        bpf_set_retval(-1)
        return 0
    return 1


@bpf
@section("cgroup/dev")
def device(ctx):
    return int(ctx.major != 1 or ctx.minor != 11)


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
