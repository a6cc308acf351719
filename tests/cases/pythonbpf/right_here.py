"""What PythonBPF 0.2.0 gets wrong, statement by statement, with the value that Python has."""
#: verify
#: run: f(packet=zeros(64)) == 2
#: global: failed == 0
#: map: m[1] == 6
#: map: m[2] == 9
#: map: m[3] == 12
#: map: narrow[5] == 200
#: map: records[4].a == 10
#: map: records[4].b == 3
#: global: negative == -5
#: global: summed == 5
#: global: named == 41
from ctypes import c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64

from pythonbpf import bpf, bpfglobal, map, section, struct
from pythonbpf.helper import ktime
from pythonbpf.maps import HashMap

K = 41


@bpf
@struct
class Record:
    a: c_uint32
    b: c_uint32 = 3


@bpf
@map
def m() -> HashMap:
    return HashMap(key=c_uint64, value=c_uint64, max_entries=16)


@bpf
@map
def narrow() -> HashMap:
    return HashMap(key=c_uint16, value=c_uint8, max_entries=16)


@bpf
@map
def records() -> HashMap:
    return HashMap(key=c_uint32, value=Record, max_entries=16)


@bpf
@bpfglobal
def negative() -> c_int64:
    return c_int64(-5)


@bpf
@bpfglobal
def summed() -> c_int64:
    return 2 + 3


@bpf
@bpfglobal
def named() -> c_uint64:
    return c_uint64(K)


@bpf
@bpfglobal
def failed() -> c_int64:
    return c_int64(0)


@bpf
def foo(x):
    return x + 1


@bpf
@section("xdp")
def f(ctx):
    global failed
    a, b = 1, 2
    a, b = b, a
    if a != 2 or b != 1:
        failed = 1
        return 1
    a = b = 5
    if a != 5 or b != 5:
        failed = 2
        return 1
    c = 9
    c = 1 if a else 2
    if c != 1:
        failed = 3
        return 1
    a = foo(a)
    if a != 6:
        failed = 4
        return 1
    m[1] = 5
    v = m.lookup(1)
    if v is None:
        failed = 5
        return 1
    v = v + 1
    m.update(1, v)
    q = m.lookup(1)
    if q is None:
        failed = 6
        return 1
    m.update(2, q)
    q += 3
    m.update(2, q)
    if (m.lookup(3) or 0) != 0:
        failed = 7
        return 1
    w = m.lookup(9)
    t = (c or 0) + 1
    if t != 2:
        failed = 8
        return 1
    z = 0
    if (z or 7) != 7 or (z and 7) != 0:
        failed = 9
        return 1
    t = True
    t = 5
    if t != 5:
        failed = 10
        return 1
    x = ktime()
    x = -3
    if x >= 0:
        failed = 11
        return 1
    i = c_uint8(0)
    for i in range(300):
        pass
    if i != 299:
        failed = 12
        return 1
    r = Record(a=3)
    if r.a != 3 or r.b != 3:
        failed = 13
        return 1
    r = Record()
    if r.a != 0 or r.b != 3:
        failed = 14
        return 1
    e = m.delete(77)
    if e == 0:
        failed = 15
        return 1
    e = m.update(3, 12)
    if e != 0:
        failed = 16
        return 1
    if 0xFFFFFFFFFFFFFFFF >> 60 != 15:
        failed = 17
        return 1
    key = c_uint32(3)
    p = m.lookup(key)
    if p is None or p != 12:
        failed = 18
        return 1
    k = c_uint16(5)
    narrow.update(k, 200)
    n = narrow.lookup(k)
    if n is None or n != 200:
        failed = 19
        return 1
    records.update(4, Record(a=1))
    s = records.lookup(4)
    if s is None:
        failed = 20
        return 1
    s.a = 9
    s.a += 1
    m[1] = 6
    q = m.lookup(2)
    if q:
        q += 3 - 3
        m.update(2, 9)
    return 2


@bpf
@section("xdp")
def second(ctx):
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
