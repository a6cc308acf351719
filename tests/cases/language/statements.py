"""Statements: loops with else, swaps, chained comparisons, and/or, text, map items."""

#: verify
#: attach
#: workload: syscall getppid 3
from ctypes import c_uint32, c_uint64, c_int32, c_char
from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import pid, comm, ktime, smp_processor_id
from pbpf.maps import HashMap, RingBuffer, PerfEventArray, PerCpuArray

LIMIT = 3

@bpf
@struct
class Event:
    pid: c_uint32
    when: c_uint64
    name: str(16)

@bpf
@map
def events() -> RingBuffer:
    return RingBuffer(max_entries=4096)

@bpf
@map
def perf() -> PerfEventArray:
    return PerfEventArray(key_size=c_int32, value_size=c_int32)

@bpf
@map
def last() -> HashMap:
    return HashMap(key=c_uint32, value=Event, max_entries=16)

@bpf
@bpfglobal
def total() -> c_uint64:
    return c_uint64(0)

@bpf
def clamp(x, low, high):
    if x < low:
        return low
    return high if x > high else x

@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    global total
    e = Event(pid=pid())
    e.when = ktime()
    comm(e.name)
    events.output(e)
    perf.output(e)
    last.update(e.pid, e)
    seen = last.lookup(e.pid)
    if seen is not None:
        delta = ktime() - seen.when
        seen.when += 1
        print(f"delta {delta} {seen.name} {seen.pid:x}", delta > 0)
    total += clamp(e.when % 7, 2, 5)
    a, b = 1, 2
    a, b = b, a
    n = 0
    for i in range(10):
        if i % 2 == 0:
            continue
        n += i
        if n > 100:
            break
    else:
        n += 1000
    if 0 < n < 2000 and not n == 5:
        total += n // -7
    assert total != 12345
    x = e.pid or 5
    if e.name == "bash":
        print("it is bash", x)
    if e.pid in last:
        del last[e.pid]
    return 0

@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
