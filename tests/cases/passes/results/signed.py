"""Negative results, and programs that return one number only."""

#: needs: bpf_lsm
#: verify
#: vm: 6.12 7.3
from ctypes import c_int64

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def answer() -> c_int64:
    return c_int64(0)


@bpf
@section("lsm/file_open")
def hook(file, ret):
    return answer


@bpf
@section("lsm/file_permission")
def other(file, mask, ret):
    return ret


@bpf
@section("fentry/vfs_read")
def entered(file, buf, count):
    return count


@bpf
@section("fexit/vfs_write")
def left(file, ret):
    return ret


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
