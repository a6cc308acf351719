"""Security hooks of the processes of a control group; and one that may sleep."""
#: needs: bpf_lsm
#: verify
#: vm: 6.12 7.3
#: attach: cgroup
#: workload: udp 127.0.0.1:9 3 == 0
#: global: refused >= 3
#: global: opened >= 1
#: workload: open 2 == 2
#: detach
#: workload: udp 127.0.0.1:9 3 == 3
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section

LICENSE = "GPL"


@bpf
@bpfglobal
def refused() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def opened() -> c_uint64:
    return c_uint64(0)


@bpf
@section("lsm_cgroup/socket_sendmsg")
def no_messages(sock, msg, size):
    global refused
    refused += 1
    return 0


@bpf
@section("lsm.s/file_open")
def opens(file):
    global opened
    opened += 1
    return 0
