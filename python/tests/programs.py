"""Programs that the tests run."""

from ctypes import c_int8, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct, union
from pbpf.helper import comm, ktime, pid
from pbpf.maps import ArrayMap, HashMap, LpmTrie, Queue, RingBuffer


@bpf
@struct
class Pair:
    a: c_uint64
    b: c_uint8 * 4
    name: str(8)


@bpf
@union
class Either:
    word: c_uint32
    half: c_uint16 * 2


@bpf
@map
def numbers():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=2)


@bpf
@map
def pairs():
    return HashMap(key=c_uint8, value=Pair, max_entries=8)


@bpf
@map
def slots():
    return ArrayMap(value=c_int32, max_entries=4)


@bpf
@map
def ring():
    return RingBuffer(max_entries=4096)


@bpf
@map
def queue():
    return Queue(value=c_uint32, max_entries=2)


@bpf
@struct
class Prefix:
    length: c_uint32
    address: c_uint8 * 4


@bpf
@map
def routes():
    return LpmTrie(key=Prefix, value=c_uint32, max_entries=8)


@bpf
@bpfglobal
def total() -> c_uint8:
    return c_uint8(250)


@bpf
@bpfglobal
def table() -> c_uint16 * 4:
    return (c_uint16 * 4)()


@bpf
def narrowed(a: c_int8, b):
    x: c_uint8 = a
    return x + b


@bpf
def divisions(a, b):
    return a // b, a % b


@bpf
def wrapped(a: c_uint64, b: c_uint64):
    return a + b


@bpf
def updates():
    global total
    total += 10
    table[1] = 70000
    numbers[3] += 5
    numbers[3] += 5
    value = numbers.lookup(3)
    if value:
        value += 7
    return numbers[3]


@bpf
def references():
    pairs[1] = Pair(a=5, name="longer than it")
    found = pairs.lookup(1)
    if found is not None:
        found.a += 1
        found.b[2] = 300
    copy = Pair(a=1)
    other = copy
    other.a = 9
    return copy.a


@bpf
@section("xdp")
def outside(ctx):
    table[ctx.rx_queue_index] = 1
    return 1


@bpf
@section("xdp")
def first_byte(ctx):
    if ctx.data + 2 > ctx.data_end:
        return 7
    return ctx.data[0]


@bpf
def statements(n):
    a, b = 1, 2
    a, b = b, a
    rounds = 0
    for i in range(n):
        if i == 2:
            continue
        rounds += i
    else:
        rounds += 100
    while (left := n - a) > 0:
        n -= 1
        if n == 3:
            break
    chain = 0 < a <= 2 < 3
    chosen = left or 7
    assert chain
    return a * 1000 + rounds + chosen


@bpf
def machine_state():
    p = Pair()
    comm(p.name)
    print(f"{p.name} {pid()} {ktime():x}", 5)
    ring.output(p)
    return p.name == "python"


@bpf
def queues():
    out = Pair()
    queue.push(4)
    queue.push(5)
    full = queue.push(6)
    queue.pop(out.b)
    return full * 100 + out.b[0]


@bpf
def longest(last: c_uint8):
    wide = Prefix(length=8)
    wide.address[0] = 10
    routes[wide] = 1
    narrow = Prefix(length=32)
    narrow.address[0] = 10
    narrow.address[3] = 9
    routes[narrow] = 2
    asked = Prefix(length=32)
    asked.address[0] = 10
    asked.address[3] = last
    return routes[asked]


@bpf
def shared():
    e = Either(word=0x00020001)
    e.half[1] += 1
    return e.word


@bpf
def signs(a: c_int64, b: c_uint64):
    return (a < b) + (a >> 1 < 0) * 10 + (-a == 5) * 100
