"""What `print` prints is what Python prints."""

#: verify
#: vm: 6.1 6.12
#: attach
#: workload: syscall getppid 1
from ctypes import c_int32, c_uint8, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, section


@bpf
@bpfglobal
def minus() -> c_int32:
    return c_int32(-31)


@bpf
@bpfglobal
def number() -> c_uint32:
    return c_uint32(48879)


@bpf
@bpfglobal
def wide() -> c_uint64:
    return c_uint64(0xFFFFFFFFFFFFFFFF)


@bpf
@bpfglobal
def letter() -> c_uint8:
    return c_uint8(65)


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def probe(ctx):
    name: str(16) = "bash"
    yes = number > 5
    print("plain", minus, number, wide, letter)
    print(f"d {minus:d} {number:d} {minus:5} {minus:<5}| {minus:>5} {minus:05d} {number:+d} {number: d}")
    print(f"x {minus:x} {number:x} {number:X} {number:#x} {number:#X} {number:08x} {number:#010x} {number:>7x}")
    print(f"x2 {minus:#x} {number - 48880:x} {wide:x} {number & 255:4x} {yes:x} {number:<6x}|")
    print(f"s {name} {name:s} {name:>8} {name:8}| {name:<8}| {name!r} {'lit'} {'lit'!r}")
    print(f"bool {yes} {not yes} {yes:d} {yes:3} {yes!s:>6} {yes!r:6}|")
    print(f"char {letter:c} {letter + 1:c}{letter + 2:c} {letter:>3c}")
    print(f"conv {number!r} {minus!s} {number!r:>8} {number!r:8}| {number=} {minus!a}")
    print("per cent: 100% %d %s", number)
    print(f"{{braces}} {number}% é {'ü'}")
    print("a", "b", number, sep="")
    print("a", number, "b", sep=", ", end="!\n")
    print(f"behind {name}abc{name}{number}x{yes}no{name}é{name}")
    print("none", None, end=None)
    print(number, minus, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    print()
    print(f"unsigned {minus:u} {number:p}")
    return 0


# What CPython prints for the same.
#: prints: "plain -31 48879 18446744073709551615 65"
#: prints: "d -31 48879   -31 -31  |   -31 -0031 +48879  48879"
#: prints: "x -1f beef BEEF 0xbeef 0XBEEF 0000beef 0x0000beef    beef"
#: prints: "x2 -0x1f -1 ffffffffffffffff   ef 1 beef  |"
#: prints: "s bash bash     bash bash    | bash    | 'bash' lit 'lit'"
#: prints: "bool True False 1   1   True True  |"
#: prints: "char A BC   A"
#: prints: "conv 48879 -31    48879 48879   | number=48879 -31"
#: prints: "per cent: 100% %d %s 48879"
#: prints: "{braces} 48879% é ü"
#: prints: "ab48879"
#: prints: "a, 48879, b!"
#: prints: "behind bashabcbash48879xTruenobashébash"
#: prints: "none None"
#: prints: "48879 -31 3 4 5 6 7 8 9 10 11 12"
# What Python does not have: unsigned numbers and addresses.
#: prints: "unsigned 18446744073709551585 0xbeef"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
