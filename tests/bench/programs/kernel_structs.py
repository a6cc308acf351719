# Fields of a kernel struct by CO-RE: the size and flags of each block request. The same program as kernel_structs.c and
# kernel_structs_pythonbpf.py.
from ctypes import c_int64

from pbpf import bpf, bpfglobal, section
from vmlinux import struct_pt_regs, struct_request


@bpf
@section("kprobe/blk_mq_start_request")
def started(ctx: struct_pt_regs) -> c_int64:
    request = struct_request(ctx.di)
    length = request.__data_len
    flags = request.cmd_flags
    print(f"{length} bytes, flags {flags}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
