"""A static probe of a program: a constant, a register, memory behind one register and behind two."""

#: needs: kprobes
#: verify
#: vm: 6.1 6.12 7.3
#: attach
#: workload: probe 3 == 3
#: prints: "-9 1 101 -1"
#: prints: "-9 2 102 -2"
#: prints: "-9 3 103 -3"
#: prints: "none: 0"
#: global: passed == 3
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def passed() -> c_uint64:
    return c_uint64(0)


@bpf
@section("usdt//proc/self/exe:pbpf:passed")
def at_probe(ctx, constant, register, element, behind):
    print(f"{constant} {register} {element} {behind}")
    return 0


@bpf
@section("usdt//proc/self/exe:pbpf:passed")
def counts(ctx, a, b, c, d, missing):
    global passed
    passed += 1
    print(f"none: {missing}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
