"""Makes the vmlinux.py that PythonBPF wants: the kernel's types as ctypes classes, from vmlinux.h through clang2py (ctypeslib2).

Promises: a module that imports; the steps are those that PythonBPF's README names, the repairs are the fewest that make the import work.
Leaves out: exact places of fields behind padding bits (clang2py has them a few bytes off); PythonBPF takes places from CO-RE.
"""

import ctypes
import re
import subprocess

# Bits that a ctypes integer holds; those not named here hold 64.
BITS = {"bool": 8, "char": 8, "byte": 8, "ubyte": 8, "int8": 8, "uint8": 8, "short": 16, "ushort": 16, "int16": 16, "uint16": 16,
        "int": 32, "uint": 32, "int32": 32, "uint32": 32}


def make(vmlinux_h, clang2py, out):
    """Writes `out` (a Path) from `vmlinux_h` with the command `clang2py`; raises OSError or subprocess.CalledProcessError."""
    header = out.with_suffix(".for-clang2py.h")
    raw = out.with_suffix(".raw.py")
    header.write_text(name_enums(vmlinux_h.read_text()))
    subprocess.run([clang2py, header, "-o", raw, "--clang-args=-fno-ms-extensions"], check=True, capture_output=True)
    text = raw.read_text()
    text = re.sub(r"    \('(\w+)', ctypes\.c_(\w+), (\d+)\),\n", bit_field, text)
    # An enum declared inside a struct is written as if ctypes had it.
    text = re.sub(r"ctypes\.(\w+)", lambda m: m[0] if hasattr(ctypes, m[1]) else "ctypes.c_uint32", text)
    out.write_text(own_names(text))


def name_enums(header):
    """Moves the enumerators of a member's unnamed enum to the top; clang2py writes an empty type for such a member."""
    enums = []

    def member(match):
        enums.append(match[1] + ";\n")
        return "int " + match[2]

    header = re.sub(r"(?<!typedef )(enum \{[^}]*\}) (\w+(?:\[\d+\])?(?: ?: ?\d+)?;)", member, header)
    # The pragma makes libclang warn on every struct.
    header = re.sub(r"(?m)^#pragma.*\n", "", header)
    start = header.index("typedef")
    return header[:start] + "".join(enums) + header[start:]


def bit_field(match):
    """A bit field that ctypes takes: not of width 0, not wider than its type, and padding of a whole integer as that integer."""
    name, kind, width = match[1], match[2], int(match[3])
    if width == 0:
        return ""
    fitting = next(bits for bits in (8, 16, 32, 64) if width <= bits)
    if width == fitting and re.fullmatch(r"_\d+", name):
        return f"    ('{name}', ctypes.c_uint{fitting}),\n"
    if kind == "char" or width > BITS.get(kind, 64):
        kind = f"uint{fitting}"
    return f"    ('{name}', ctypes.c_{kind}, {width}),\n"


def own_names(text):
    """Gives unnamed members (_0, _1, ..) their struct's name: ctypes lifts the members of unnamed members, and _1 of one hides _1 of the other."""
    owner = ""
    lines = []
    for line in text.split("\n"):
        head = re.match(r"class (\w+)\(|(\w+)\._(?:fields|anonymous)_ = ", line)
        if head:
            owner = head[1] or head[2]
        if "_anonymous_ = " in line or re.match(r"    +\('_\d+',", line):
            line = re.sub(r"'_(\d+)'", rf"'_{owner}_\1'", line)
        lines.append(line)
    return "\n".join(lines)
