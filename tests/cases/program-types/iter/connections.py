"""Goes through the TCP sockets, and sets an option of one that only its owner could set otherwise."""
#: verify
#: vm: 6.1 6.12 7.3
#: attach: socket
#: reads: "port 7790 mark 0 then 17"
#: reads: "port 7790 mark 17 then 17"
from ctypes import c_uint32

from pbpf import bpf, section
from pbpf.helper import bpf_getsockopt, bpf_setsockopt
from pbpf.constants import SO_MARK, SOL_SOCKET

LICENSE = "GPL"


@bpf
@section("iter/tcp")
def mark(meta, sk):
    if sk is None or sk.skc_num != 7790:
        return 0
    before = c_uint32(0)
    after = c_uint32(0)
    bpf_getsockopt(sk, SOL_SOCKET, SO_MARK, before)
    bpf_setsockopt(sk, SOL_SOCKET, SO_MARK, c_uint32(17))
    bpf_getsockopt(sk, SOL_SOCKET, SO_MARK, after)
    print(f"port {sk.skc_num} mark {before} then {after}", file=meta.seq)
    return 0
