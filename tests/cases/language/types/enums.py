"""Enums: members, automatic values, flags, as types of fields, keys and parameters, conversions, constants of the file."""

#: verify
#: attach
#: workload: syscall getpid 1
#: prints: "red 1 blue 5 flags 6" * 2
#: map: seen[2].color == 5
#: map: seen[2].mode == 6
#: map: out[0] == 7
#: map: out[1] == 1
#: map: out[2] == 3
#: map: out[3] == 443
#: map: out[4] == 0xdead_beef
#: map: out[5] == 0xfffffffffffffffe
#: map: out[6] == 99
#: map: out[7] == 8
#: map: out[8] == 2
import enum
from ctypes import c_uint32, c_uint64
from enum import IntEnum, IntFlag, auto

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import pid
from pbpf.maps import ArrayMap, HashMap

BASE = 0xDEAD_0000
MAGIC = BASE + 0b1011_1110_1110_1111
PORTS = (80, 443, 0o10)
NAME = "flags"


@bpf
class Color(IntEnum):
    """Without a decorator it would do too."""

    RED = 1
    GREEN = auto()
    BLUE = 5


class Mode(IntFlag):
    READ = auto()
    WRITE = auto()
    EXEC = auto()
    ALL = READ | WRITE | EXEC

    def names(self):
        return [m.name for m in Mode if m in self]


class Level(enum.IntEnum):
    LOW = -2
    HIGH = 99


@bpf
@struct
class Record:
    color: Color
    mode: Mode = Mode.READ


@bpf
@map
def seen() -> HashMap:
    return HashMap(key=Color, value=Record, max_entries=8)


@bpf
@map
def out() -> ArrayMap:
    return ArrayMap(value=c_uint64, max_entries=32)


@bpf
def next_color(c: Color) -> Color:
    if c == Color.RED:
        return Color.GREEN
    return Color.BLUE


@bpf
@section("tracepoint/syscalls/sys_enter_getpid")
def prog(ctx):
    mode = Mode.WRITE | Mode.EXEC
    c = next_color(Color.GREEN)
    seen[Color.GREEN] = Record(c, Mode(6))
    out[0] = Mode.ALL
    out[1] = Record(Color.RED).mode
    out[2] = Color.RED.value + Color.GREEN
    out[3] = PORTS[1]
    out[4] = MAGIC
    out[5] = Level.LOW
    level: Level = Level.HIGH
    out[6] = level
    out[7] = PORTS[-1]
    out[8] = Color(next_color(Color.RED))
    if mode & Mode.EXEC and not mode & Mode.READ:
        print(f"{'red'} {Color.RED} blue {c} {NAME} {mode}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
