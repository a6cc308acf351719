"""Names become ids: locals, constants, maps, globals, functions, helpers, modules."""
import pbpf.helper as h
import vmlinux
from ctypes import c_uint32, c_uint64
from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_map_lookup_elem, pid, tgid
from pbpf.maps import ArrayMap, HashMap

SIZE = 1 << 4
MASK: int = SIZE - 1
TEXT = "abc"


@bpf
@struct
class Pair:
    a: c_uint32
    b: c_uint64 * 2


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=SIZE)


@bpf
@bpfglobal
def total() -> c_uint64:
    return c_uint64(7)


@bpf
def double(x):
    return x * 2


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    global total
    total = SIZE & MASK
    a, b = pid(), tgid()
    pair = Pair(a=double(a))
    pair.b[1] = total
    p = counts.lookup(a)
    if p is None:
        counts.update(a, 1)
    elif a in counts and b not in (1, 2):
        del counts[b]
    name = TEXT
    t = h.ktime() + vmlinux.XDP_PASS
    q = bpf_map_lookup_elem(counts, 3)
    return n if (n := 3) and t < total <= 5 else 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"


#= hir
#| license "GPL"
#| struct Pair: 24 bytes
#|     a at 0: c_uint32
#|     b at 8: c_uint64 * 2
#| map counts: hash of c_uint64 by c_uint32, 16 entries
#| global total: c_uint64 = 7
#| subprogram
#| def double(x.0: c_int64) -> c_int64:
#|     return (x.0 * 2) : c_int64
#| program "tracepoint/syscalls/sys_enter_execve"
#| def f(ctx.0: pointer to c_void in ctx (context)) -> c_int32:
#|     local a.1: c_uint32
#|     local b.2: c_uint32
#|     local pair.3: Pair
#|     local p.4: pointer to c_uint64 in map_value or None
#|     local name.5: str(4)
#|     local t.6: c_uint64
#|     local q.7: pointer to c_uint64 in map_value or None
#|     local n.8: c_int64
#|     pass
#|     total = (16 & 15) : c_int64
#|     a.1, b.2 = low32 bpf_get_current_pid_tgid() : c_uint32, high32 bpf_get_current_pid_tgid() : c_uint32
#|     pair.3 = new[Pair](a=double(a.1)) : Pair
#|     pair.3.b[1] = total : c_uint64
#|     p.4 = counts.lookup(a.1) : pointer to c_uint64 in map_value or None
#|     if (p.4 is None):
#|         counts.update(a.1, 1, 0)
#|     else:
#|         if ((a.1 in counts) and ((b.2 != 1) and (b.2 != 2))):
#|             del counts[b.2]
#|     name.5 = "abc" : str(4)
#|     t.6 = (bpf_ktime_get_ns() + 2) : c_uint64
#|     q.7 = bpf_map_lookup_elem(counts, 3) : pointer to c_uint64 in map_value or None
#|     return (n.8 if ((n.8 := 3) and (t.6 < total <= 5)) else 0) : c_int64
