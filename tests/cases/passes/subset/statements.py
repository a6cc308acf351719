"""Statements of Python that are no statements of the language."""
#: check
from pbpf import bpf, bpfglobal, section


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    x = 1
    # error:5: [unsupported-try] "no exceptions"
    try:
        x = 2
    except ValueError:
        x = 3
    match x:
        case 1:
            lambda: 1  # error:13: [unsupported-lambda]
        case [1, 2]:  # error:14: [unsupported-match] "sequence"
            pass
        case {"a": 1}:  # error:14: [unsupported-match] "dict"
            pass
        case 1 | int():  # error:18: [unsupported-match] "type of an object"
            pass
    raise ValueError  # error:5: [unsupported-raise]
    def g():  # error:9: [unsupported-nested-function]
        pass
    class C:  # error:11: [unsupported-nested-class]
        pass
    nonlocal x  # error:5: [unsupported-nonlocal]
    type T = int  # error:5: [unsupported-type-alias]
    if x:
        async for i in x:  # error:9: [unsupported-async]
            pass
    else:
        while x:
            async with x:  # error:13: [unsupported-async]
                pass
    return 0


@bpf
async def g():  # error:1: [unsupported-async] "write `def`"
    pass


@bpf
def h(a, *rest):  # error:11: [unsupported-vararg]
    pass


@bpf
def k(a, **rest):  # error:12: [unsupported-vararg]
    pass


@bpf
class D(metaclass=type):  # error:19: [unsupported-class-keyword]
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
