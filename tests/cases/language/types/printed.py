"""What types print as: text behind pointers, enums, text of structs; constants in loops, `in` and `match`."""

#: verify
#: attach
#: workload: open 1
#: prints: "/pbpf-no-such-file|'/pbpf-no-such-file'|/pbpf-no-such-file    |Linux|1|2"
#: prints: "sum 526 colors 3 1 matched 2 x"
from ctypes import c_char, c_uint32
from enum import IntEnum

from pbpf import UserPtr, bpf, bpfglobal, section, struct
from pbpf.helper import bpf_get_current_task
from vmlinux import struct_task_struct

PORTS = (80, 443, 3)
NAMES = ("x", "y")


class Color(IntEnum):
    RED = 1
    BLUE = 2
    AZURE = 2


@bpf
@struct
class S:
    name: str(16)
    color: Color
    vals: c_uint32 * 3


@bpf
@section("tracepoint/syscalls/sys_enter_openat")
def prog(ctx):
    path = UserPtr[c_char](ctx.args[1])
    if path != "/pbpf-no-such-file":
        return 0
    task = struct_task_struct(bpf_get_current_task())
    system = task.nsproxy.uts_ns.name.sysname
    print(f"{path}|{path!r}|{path:<22}|{system}|{Color.RED}|{Color(2)}")
    n = 0
    for p in PORTS:
        n += p
    colors = 0
    for c in Color:
        colors += c
    s = S("x", Color.BLUE, (1, 2, 3))
    match s.color:
        case Color.RED:
            found = 1
        case Color.BLUE | 7:
            found = 2
        case _:
            found = 3
    if s.name in NAMES and s.vals[2] in PORTS and s.color in Color and 5 not in PORTS and "z" not in NAMES:
        print(f"sum {n} colors {colors} {len(Color) - 1} matched {found} {s.name}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
