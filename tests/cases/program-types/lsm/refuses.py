"""A security hook refuses what a process asks for."""

#: needs: bpf_lsm
#: verify
#: vm: 6.12 7.3
#: attach
#: workload: udp 127.0.0.1:9 3 == 0
#: global: refused >= 3
#: detach
#: workload: udp 127.0.0.1:9 3 == 3
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import comm
from vmlinux import EPERM


@bpf
@bpfglobal
def refused() -> c_uint64:
    return c_uint64(0)


@bpf
@section("lsm/socket_sendmsg")
def no_messages(sock, msg, size, ret):
    global refused
    who = str(16)
    comm(who)
    if ret == 0 and who == "pbpf-work":
        refused += 1
        return -EPERM
    return ret


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
