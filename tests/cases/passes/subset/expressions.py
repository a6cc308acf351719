"""Expressions of Python that are no expressions of the language."""
#: check
import pbpf
from pbpf import bpf as kernel, section


@kernel
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    a = lambda: 1  # error: [unsupported-lambda]
    b = {}  # error: [unsupported-dict] "HashMap"
    c = {1}  # error: [unsupported-set] "x in (1, 2)"
    d = [i for i in range(3)]  # error: [unsupported-comprehension]
    d = {i for i in range(3)}  # error: [unsupported-comprehension]
    d = {i: i for i in range(3)}  # error: [unsupported-comprehension]
    d = sum(i for i in range(3))  # error: [unsupported-comprehension]
    e = 1.5  # error: [unsupported-float]
    e = 1j  # error: [unsupported-float]
    g = a[1:2]  # error: [unsupported-slice]
    h = print(*a)  # error: [unsupported-star]
    h = print(**a)  # error: [unsupported-star]
    i = yield  # error: [unsupported-yield]
    j = await a  # error: [unsupported-async]
    ell = ...  # error: [unsupported-ellipsis]
    if (k := 2.5) and not (a if 1 + {} else -b.c):  # error: [unsupported-float]  # error: [unsupported-dict]
        f"{(lambda: 1)}"  # error: [unsupported-lambda]
    x: c_uint32 = 1.0  # error: [unsupported-float]
    x += 1.0  # error: [unsupported-float]
    assert 1.0 < 2  # error: [unsupported-float]
    del x[1:]  # error: [unsupported-slice]
    return 0


@pbpf.bpf
def g():
    return 1.5  # error: [unsupported-float]
