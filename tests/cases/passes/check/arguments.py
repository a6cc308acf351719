"""Arguments that do not fit."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import (
    bpf_for_each_map_elem,
    bpf_get_current_comm,
    bpf_loop,
    bpf_map_lookup_elem,
    bpf_map_update_elem,
    bpf_perf_event_output,
    bpf_probe_read_kernel_str,
    bpf_ringbuf_output,
    bpf_strncmp,
)
from pbpf.maps import HashMap, RingBuffer


@bpf
@struct
class Pair:
    a: c_uint64
    b: c_uint64


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=Pair, max_entries=4)


@bpf
@map
def events():
    return RingBuffer(max_entries=4096)


@bpf
def step(i, data):
    return 2  # error:12: [return-out-of-range] "callbacks of `bpf_loop` return 0 to 1"


@bpf
def short(i):
    return 0


@bpf
def silent(i, data):  # error:5: [missing-return] "must return a number to `bpf_loop`"
    pass


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    pair = Pair(a=1)
    bpf_ringbuf_output(counts, pair)  # error:24: [wrong-argument-type] "a map of kind ringbuf"
    bpf_ringbuf_output(1, pair)  # error:24: [wrong-argument-type]
    bpf_ringbuf_output(events, counts)  # error:32: [wrong-argument-type] "is memory"
    bpf_map_update_elem(counts, 1, 2)  # error:36: [wrong-argument-type] "Pair"
    bpf_map_update_elem(counts, pair, pair)  # error:33: [wrong-argument-type] "c_uint32"
    bpf_map_update_elem(counts, 1, pair)
    bpf_map_update_elem(counts, 1, pair, events)  # error:42: [wrong-argument-type] "a number"
    bpf_get_current_comm(5)  # error:26: [wrong-argument-type] "a buffer to write to"
    bpf_get_current_comm("abc")  # error:26: [wrong-argument-type]
    bpf_loop(4, step, None, 0)
    bpf_loop(4, short, None, 0)  # error:17: [wrong-argument-type] "with 2 arguments"
    bpf_loop(4, silent, None, 0)
    bpf_loop(4, other, None, 0)  # error:17: [bad-call] "is a program"
    bpf_loop(4, 7, None, 0)  # error:17: [wrong-argument-type] "a function of the file"
    return 0


@bpf
@section("tracepoint/syscalls/sys_exit_execve")
def other(ctx):
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
