"""Expressions of Python that are no expressions of the language."""
#: check
import pbpf
from pbpf import bpf as kernel, section


@kernel
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    a = lambda: 1  # error:9: [unsupported-lambda]
    b = {}  # error:9: [unsupported-dict] "HashMap"
    c = {1}  # error:9: [unsupported-set] "x in (1, 2)"
    d = [i for i in range(3)]  # error:9: [unsupported-comprehension]
    d = {i for i in range(3)}  # error:9: [unsupported-comprehension]
    d = {i: i for i in range(3)}  # error:9: [unsupported-comprehension]
    d = sum(i for i in range(3))  # error:13: [unsupported-comprehension]
    e = 1.5  # error:9: [unsupported-float]
    e = 1j  # error:9: [unsupported-float]
    g = a[1:2]  # error:11: [unsupported-slice]
    h = print(*a)  # error:15: [unsupported-star]
    h = print(**a)  # error:17: [unsupported-star]
    i = yield  # error:9: [unsupported-yield]
    j = await a  # error:9: [unsupported-async]
    ell = ...  # error:11: [unsupported-ellipsis]
    if (k := 2.5) and not (a if 1 + {} else -b.c):  # error:14: [unsupported-float]  # error:37: [unsupported-dict]
        f"{(lambda: 1)}"  # error:13: [unsupported-lambda]
    x: c_uint32 = 1.0  # error:19: [unsupported-float]
    x += 1.0  # error:10: [unsupported-float]
    assert 1.0 < 2  # error:12: [unsupported-float]
    del x[1:]  # error:11: [unsupported-slice]
    return 0


@pbpf.bpf
def g():
    return 1.5  # error:12: [unsupported-float]
