"""The tree of every kind of statement and expression, also of user-space code."""
import ctypes as c
from pbpf import bpf, bpfglobal, section


def user(a, b: int = 1, *rest) -> None:
    with open(a) as f, b:
        del a, b
    try:
        raise ValueError
    except ValueError:
        pass
    match a:
        case 1 | 2 if b:
            return
        case None:
            x = y = [1, b"\x00", 2.5, ...]
        case x.y as z:
            x[1:2] @= {1: 2} | {3}
        case _:
            assert a, "text"
    async def inner():
        for i in (1,):
            continue
        else:
            while True:
                break
            else:
                pass
    return lambda: [x for x in a] if (n := not a) else -b ** +c, f"{{{a!r:>{b}}"


class C(object, metaclass=type):
    field: int
    other: int = 0x10


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    return 1 if 1 < ctx.id <= 3 and not False or ctx.id == ~4 else 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"

#= ast
#| "The tree of every kind of statement and expression, also of user-space code."
#| import ctypes as c
#| from pbpf import bpf, bpfglobal, section
#| def user(a, b: int = 1, <*args>) -> None:
#|     with open(a) as f, b:
#|         del a, b
#|     <try>
#|     match a:
#|         case 1 | 2 if b:
#|             return
#|         case None:
#|             x = y = [1, b"\x00", <floating-point number>, <...>]
#|         case x.y as z:
#|             x[<slice>] @= (<dict> | <set>)
#|         case _:
#|             assert a, "text"
#|     async def inner():
#|         for i in (1,):
#|             continue
#|         else:
#|             while True:
#|                 break
#|             else:
#|                 pass
#|     return (<lambda>, f"{{{a!r:{}}")
#| class C(object, metaclass=type):
#|     field: int
#|     other: int = 16
#| @bpf
#| @section("tracepoint/syscalls/sys_enter_execve")
#| def f(ctx):
#|     return (1 if (((1 < ctx.id <= 3) and (not False)) or (ctx.id == (~4))) else 0)
#| @bpf
#| @bpfglobal
#| def LICENSE() -> str:
#|     return "GPL"
