# Fields of a kernel struct for PythonBPF 0.2: the same program as kernel_structs.py and kernel_structs.c.
from ctypes import c_int64

from pythonbpf import bpf, bpfglobal, compile, section
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


compile()
