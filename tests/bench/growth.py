"""How compile time grows: programs of 100, 1,000 and 10,000 lines, in one function and over functions, and 100 programs in a file.

Promises: the same text in each run; for each pass, the time of a line in the longest program against that in the program a tenth as long, so that 1.0 is
linear and 10 quadratic; passes that take no time to speak of are left out. Leaves out: what is compiled in the kernel.
"""

import re
import subprocess

# Times a line may take longer in a program ten times as long.
AIM = 1.6
# Milliseconds below which a pass is not judged.
LEAST = 20

HEAD = '''from ctypes import c_int64, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap, HashMap


@bpf
@map
def counts():
    return HashMap(key=c_uint32, value=c_uint64, max_entries=1024)


@bpf
@map
def table():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=16)


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
'''
# Ten lines each.
STATEMENTS = [
    ["a = a * 3 + {n}", "b ^= a >> 5", "if a > b:", "    c += a - b", "else:", "    c -= {n}", "d = (a & 255) + c % 7", "e = d * d", "a += e & 15", "b += 1"],
    ["v = table.lookup({m})", "if v is not None:", "    a += v", "    v += 1", "if a > {n} and b < c:", "    d = a", "elif d == {n}:", "    d = 0", "c = b + d", "e += c"],
    ["for i in range(4):", "    a += i * b", "    if a & 1:", "        c ^= i", "b = max(a, c)", "d = min(d, {n})", "e = abs(d - b)", "a = b if d > e else c", "c += a", "counts[{n}] += c"],
]


def lines(count):
    """So many lines of a body, at most nine more."""
    out = ["a, b, c, d, e = n, n + 1, 2, 3, 4"]
    at = 0
    while len(out) < count:
        out += [line.format(n=1000 + at, m=at % 16) for line in STATEMENTS[at % len(STATEMENTS)]]
        at += 1
    return [*out, "return (a + b + c + d + e) % 2"]


def function(name, count, decorators="", parameter="n", before=()):
    """A function with a body of so many lines."""
    body = "\n".join(f"    {line}" for line in [*before, *lines(count)])
    return f"\n\n@bpf\n{decorators}def {name}({parameter}):\n{body}\n"


def one_function(count):
    """A program of so many lines."""
    return HEAD + function("prog", count, '@section("xdp")\n', "ctx", ["n = ctx.data_end - ctx.data"])


def functions(count):
    """A program that calls functions of 100 lines."""
    text = HEAD
    names = [f"part{at}" for at in range(count // 100)]
    for name in names:
        text += function(name, 98)
    calls = "\n".join(f"    s += {name}(s)" for name in names)
    return text + f'\n\n@bpf\n@section("xdp")\ndef prog(ctx):\n    s = ctx.data_end - ctx.data\n{calls}\n    return s % 2 + 1\n'


def programs(count):
    """Programs of 20 lines."""
    text = HEAD
    for at in range(count // 20):
        text += function(f"prog{at}", 20, '@section("xdp")\n', "ctx", ["n = ctx.data_end - ctx.data"])
    return text


SHAPES = {"one function": (one_function, (100, 1000, 10000)), "functions": (functions, (100, 1000, 10000)), "programs of 20 lines": (programs, (20, 200, 2000))}


def times(pbpf, folder, name, text):
    """Milliseconds by pass, and of the whole as `all`."""
    source = folder / f"{name}.py"
    source.write_text(text)
    run = subprocess.run([pbpf, "build", "--time-passes", source, "-o", folder / f"{name}.o"], capture_output=True, text=True)
    if run.returncode != 0:
        raise ValueError(f"{source}: {run.stderr[-1500:]}")
    return {found[2]: float(found[1]) for found in re.finditer(r"^ *([0-9.]+) ms +(?:[0-9.]+ *% +)?(.+?)$", run.stdout + run.stderr, re.M)}


def measure(pbpf, folder, rounds=3):
    """Prints the growth of each shape; the passes that grow too fast are named."""
    print("growth: milliseconds of a compile, by lines")
    for shape, (make, sizes) in SHAPES.items():
        best = []
        for size in sizes:
            runs = [times(pbpf, folder, f"growth_{size}", make(size)) for _ in range(rounds if size < 5000 else 1)]
            best.append({name: min(run.get(name, 0) for run in runs) for name in runs[0]})
        whole = [sum(took.values()) for took in best]
        growth = whole[-1] / whole[-2] / 10
        print(f"  {shape:<22}" + "".join(f"{took:10.1f}" for took in whole) + f"   a line at the end takes {growth:.2f} of the time before")
        for name in best[-1]:
            before, after = best[-2].get(name, 0), best[-1][name]
            if after >= LEAST and after > AIM * 10 * before:
                print(f"    {name:<20}" + "".join(f"{took.get(name, 0):10.1f}" for took in best) + f"   {after / max(before, 0.01) / 10:.2f}: aim {AIM}: MISSED")
