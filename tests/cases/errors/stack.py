"""More on the stack than its 512 bytes."""

from ctypes import c_char, c_uint64

from pbpf import bpf, bpfglobal, section, struct


@bpf
@struct
class Event:
    name: c_char * 400
    data: c_uint64 * 40


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def main(ctx):  # error:5: [stack-over-budget] "`event` takes 720 bytes"
    event = Event()
    event.data[0] = 1
    print("%d", event.data[0])
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
