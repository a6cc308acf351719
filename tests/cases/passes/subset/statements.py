"""Statements of Python that are no statements of the language."""
#: check
from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    x = 1
    # error: [unsupported-try] "no exceptions"
    try:
        x = 2
    except ValueError:
        x = 3
    match x:
        case 1:
            lambda: 1  # error: [unsupported-lambda]
        case [1, 2]:  # error: [unsupported-match] "sequence"
            pass
        case {"a": 1}:  # error: [unsupported-match] "dict"
            pass
        case 1 | int():  # error: [unsupported-match] "type of an object"
            pass
    raise ValueError  # error: [unsupported-raise]
    def g():  # error: [unsupported-nested-function]
        pass
    class C:  # error: [unsupported-nested-class]
        pass
    nonlocal x  # error: [unsupported-nonlocal]
    type T = int  # error: [unsupported-type-alias]
    if x:
        async for i in x:  # error: [unsupported-async]
            pass
    else:
        while x:
            async with x:  # error: [unsupported-async]
                pass
    return 0


@bpf
async def g():  # error: [unsupported-async] "write `def`"
    pass


@bpf
def h(a, *rest):  # error: [unsupported-vararg]
    pass


@bpf
def k(a, **rest):  # error: [unsupported-vararg]
    pass


@bpf
class D(metaclass=type):  # error: [unsupported-class-keyword]
    pass


def outside(*a, **b):
    try:
        yield [x for x in a]
    finally:
        raise ValueError


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
