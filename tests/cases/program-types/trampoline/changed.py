"""A security hook is answered by a program instead of the kernel."""

#: needs: fentry
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


@bpf
@bpfglobal
def refused() -> c_uint64:
    return c_uint64(0)


@bpf
@section("fmod_ret/security_socket_sendmsg")
def no_messages(sock, msg, size, ret):
    global refused
    who = str(16)
    comm(who)
    if ret == 0 and who == "pbpf-work":
        refused += 1
        return -1
    return ret


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
