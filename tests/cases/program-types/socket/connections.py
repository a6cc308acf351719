"""A program follows the connections of a control group."""

#: verify
#: vm: 6.1 6.12 7.3
#: attach: cgroup
#: workload: udp-echo 127.0.0.1:7779 1
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_sock_ops_cb_flags_set
from vmlinux import BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, BPF_SOCK_OPS_TIMEOUT_INIT, BPF_SOCK_OPS_STATE_CB_FLAG


@bpf
@bpfglobal
def connected() -> c_uint64:
    return c_uint64(0)


@bpf
@section("sockops")
def follow(ctx):
    global connected
    if ctx.op == BPF_SOCK_OPS_TIMEOUT_INIT:
        ctx.reply = 10
    elif ctx.op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
        connected += 1
        bpf_sock_ops_cb_flags_set(ctx, BPF_SOCK_OPS_STATE_CB_FLAG)
    return 1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
