"""Text: copies, comparison, tests, lengths, in every kind of memory; bytes behind the NUL do not count."""

#: verify
#: attach
#: workload: syscall getpid 1
#: map: out[0] == 0x7ff
#: map: out[1] == 0x1ff
#: map: out[2] == 0x1f
#: map: out[3] == 0x3ff
#: map: out[4] == 0x3f
#: map: names[1].name == "abc"
#: map: names[1].kind == "long tex"
#: map: by_name["abc"] == 7
from ctypes import c_char, c_uint8, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_comm
from pbpf.maps import ArrayMap, HashMap

NAME = "abc"


@bpf
@struct
class Named:
    id: c_uint8
    name: str(16)
    kind: c_char * 9


@bpf
@map
def out() -> ArrayMap:
    return ArrayMap(value=c_uint64, max_entries=32)


@bpf
@map
def names() -> HashMap:
    return HashMap(key=c_uint32, value=Named, max_entries=8)


@bpf
@map
def by_name() -> HashMap:
    return HashMap(key=str(16), value=c_uint64, max_entries=8)


@bpf
@bpfglobal
def saved() -> str(32):
    return str(32)()


@bpf
def is_abc(s: str(16)):
    return s == NAME


def flag(i, x):
    return x


@bpf
@section("tracepoint/syscalls/sys_enter_getpid")
def prog(ctx):
    bits = 0
    s: str(16) = str(16)
    if s == "":
        bits |= 1
    if not s:
        bits |= 2
    s = "abc"
    if s == NAME and s != "abcd" and s != "ab":
        bits |= 4
    if is_abc(s):
        bits |= 8
    # Garbage behind the NUL.
    s[4] = 120
    s[9] = 121
    if s == "abc" and "abc" == s and s != "abc\x01":
        bits |= 16
    t: str(16) = ""
    t = "abc"
    if s == t and not s != t:
        bits |= 32
    if s:
        bits |= 64
    u: str(5) = ""
    u = "abc"
    if u == s and s == u:
        bits |= 128
    s[3] = 122
    if s != t and s != u and s == "abczx":
        bits |= 256
    u = "abcz"
    if u != s:
        bits |= 512
    if s[0] == "a" and s[1] != "a" and s[2] == 99:
        bits |= 1024
    out[0] = bits

    bits = 0
    if s.startswith("ab") and s.startswith("abczx") and s.startswith(""):
        bits |= 1
    if not s.startswith("b") and not s.startswith("abczxy"):
        bits |= 2
    if s.endswith("zx") and s.endswith("abczx") and s.endswith(""):
        bits |= 4
    if not s.endswith("abc") and not s.endswith("y"):
        bits |= 8
    if "bc" in s and "zx" in s and "" in s and "y" not in s:
        bits |= 16
    if len(s) == 5 and len(u) == 4 and len("abc") == 3:
        bits |= 32
    w: str(64) = "a text that is longer than a word or two, by some"
    if len(w) == 49 and w.endswith("some") and "longer" in w and "shorter" not in w:
        bits |= 64
    x: str(64) = w
    if x == w:
        bits |= 128
    x[48] = 0
    if x != w and len(x) == 48:
        bits |= 256
    out[1] = bits

    bits = 0
    n = Named(1, "abc", "long text")  # warning:25: [text-cut]
    names[1] = n
    v = names.lookup(1)
    if v:
        if v.name == "abc" and v.kind == "long tex":
            bits |= 1
        if v.name == n.name:
            bits |= 2
        if len(v.kind) == 8 and v.name.startswith("abc") and v.kind.endswith("tex"):
            bits |= 4
        if v.name.endswith("bc") and "b" in v.name:
            bits |= 8
        if v == n:
            bits |= 16
    out[2] = bits

    bits = 0
    m = n
    if m == n:
        bits |= 1
    m.name[5] = 1
    if m == n:
        bits |= 2
    m.name[0] = 1
    if m != n:
        bits |= 4
    saved = "global text"
    if saved == "global text" and len(saved) == 11:
        bits |= 8
    comm = str(16)
    bpf_get_current_comm(comm)
    if comm != "" and len(comm) > 0:
        bits |= 16
    by_name["abc"] = 7
    if by_name.lookup(v.name if v else t):
        bits |= 32
    if t in by_name:
        bits |= 64
    a = t
    if a == t:
        bits |= 128
    chosen = v.name if v else t
    if chosen == "abc" and (t if bits else s) == t:
        bits |= 256
    empty = str(16)
    given = empty or t or "other"
    if given == "abc" and (empty or "none") == "none" and not (t and empty):
        bits |= 512
    out[3] = bits

    bits = 0
    p = (c_uint32 * 4)(1, 2, 3)
    q = (c_uint32 * 4)(1, 2, 3)
    if p == q:
        bits |= 1
    q[3] = 1
    if p != q:
        bits |= 2
    big = bytes(200)
    other = bytes(200)
    if big == other:
        bits |= 4
    other[199] = 1
    if big != other:
        bits |= 8
    other[199] = 0
    other[7] = 1
    if big != other:
        bits |= 16
    other[7] = 0
    if big == other:
        bits |= 32
    out[4] = bits
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
