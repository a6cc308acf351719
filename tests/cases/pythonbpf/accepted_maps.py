"""Maps, structs, helpers and output as PythonBPF's users write them."""
#: verify
#: attach
#: workload: syscall getppid 3
#: map: hits[$pid] == 3
#: map: slots[0] >= 3
#: map: seen[$pid].calls == 3
from ctypes import c_int32, c_int64, c_uint32, c_uint64, c_void_p

from pythonbpf import BPF, bpf, bpfglobal, compile, map, section, struct
from pythonbpf.helper import (
    comm,
    get_current_cgroup_id,
    ktime,
    pid,
    probe_read,
    random,
    smp_processor_id,
    uid,
)
from pythonbpf.maps import ArrayMap, HashMap, PerfEventArray, RingBuffer


@bpf
@struct
class event_t:
    pid: c_uint32
    uid: c_uint32
    when: c_uint64
    comm: str(16)


@bpf
@struct
class seen_t:
    calls: c_uint64
    last: c_uint64


@bpf
@map
def hits() -> HashMap:
    return HashMap(key=c_uint64, value=c_uint64, max_entries=128)


@bpf
@map
def slots() -> ArrayMap:
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=4)


@bpf
@map
def seen() -> HashMap:
    return HashMap(key=c_uint32, value=seen_t, max_entries=128)


@bpf
@map
def perf() -> PerfEventArray:
    return PerfEventArray(key_size=c_int32, value_size=c_int32)


@bpf
@map
def ring() -> RingBuffer:
    return RingBuffer(max_entries=4096)


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def on_call(ctx: c_void_p) -> c_int64:
    process_id = pid()
    # A 32-bit number as the key of a 64-bit map.
    count = hits.lookup(process_id)
    if count:
        hits.update(process_id, count + 1)
    else:
        hits.update(process_id, 1)

    old = slots().lookup(0)
    if old:
        new = old + 1
        slots().update(0, new)

    s = seen.lookup(process_id)
    if s is None:
        fresh = seen_t()
        fresh.calls = 1
        fresh.last = ktime()
        seen.update(process_id, fresh)
    else:
        s.calls += 1
        s.last = ktime()

    e = event_t()
    e.pid = process_id
    e.uid = uid()
    e.when = ktime()
    comm(e.comm)
    perf.output(e)
    ring.output(e)
    copy = e
    copy.pid = 0

    here = smp_processor_id()
    luck = random()
    group = get_current_cgroup_id()
    if luck == 0 and here == 123456 and group == 0:
        print("unlikely")
    number = c_int64(5)
    target = c_int64(0)
    probe_read(target, 8, number)
    print(f"hello {process_id} {e.comm} {target}")
    return c_int64(0)


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"


# User space, which the compiler leaves alone.
if __name__ == "__main__":
    compile()
    b = BPF()
    b.load_and_attach()
    for line in open("/dev/null"):
        print(line, file=None, *[1, 2])
