"""Prints that PythonBPF 0.2.0 writes wrong or not at all, as Python writes them."""
#: verify
#: attach
#: workload: syscall getppid 1
#: prints: "100% sure"
#: prints: "1 2 3 4 5"
#: prints: "ff"
#: prints: "a 7"
#: prints: "-1"
#: prints: "same text"
from pythonbpf import bpf, bpfglobal, section, struct
from pythonbpf.helper import comm


@bpf
@struct
class Name:
    text: str(16)


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def f(ctx):
    a, b, c, d, e = 1, 2, 3, 4, 5
    print("100% sure")
    print(f"{a} {b} {c} {d} {e}")
    print(f"{255:x}")
    print("a", 7)
    print(f"{a - b}")
    n = Name()
    n.text = "abc"
    if n.text == "abc" and n.text != "abd":
        print("same text")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
