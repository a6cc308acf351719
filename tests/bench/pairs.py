"""The pairs: one program in Python and in C, compiled by pbpf and by clang, run in the kernel and compared.

Promises: both of a pair do the same with the same inputs (results, packets, maps, records of ring buffers), or the pair has failed; instructions
in the object, instructions that the verifier processed and the time of a run are shown as ratios, and their geometric means.
Leaves out: loading and comparing (testrun.c), which inputs matter to whom.
"""

import itertools
import json
import math
import pathlib
import struct
import subprocess

import peers
from inputs import COMMON, LINE, LITTLE, SIZES, entry, eth, ip, packets, tcp, udp, words

HERE = pathlib.Path(__file__).resolve().parent
PAIRS = HERE / "pairs"
# Instructions in the object: the aim of each pair, and of the geometric mean.
AIM, MEAN_AIM = 1.25, 1.0


# The inputs of each pair, in order; the last is the one that is timed.
INPUTS = {
    "explicit_checks": COMMON,
    "inserted_checks": COMMON + packets(eth() + ip(17, udp(), words=8), eth() + ip(17, b"", words=15), eth() + ip(6, tcp())),
    "flows": COMMON + packets(*(eth() + ip(6, tcp(1000 + n % 3)) for n in range(7))),
    "histogram": SIZES,
    "checksum": COMMON + packets(eth() + ip(17, udp())[:10] + b"\1\1" + ip(17, udp())[12:], eth() + ip(17, udp())),
    "hash_payload": SIZES,
    "routes": [entry("routes", struct.pack("<I4B", bits, 10, 0, 0, 2), struct.pack(LITTLE, bits % 16)) for bits in (8, 24, 31)]
    + COMMON + packets(*(eth() + ip(17, udp(), target=t) for t in (0x0B000001, 0x0A000003, 0x0A010203, 0x0A000002))),
    "ring_buffer": COMMON,
    "globals": SIZES,
    "subprograms": COMMON + packets(*(eth() + ip(17, udp(s, t, n)) for s, t, n in ((80, 9000, 700), (8080, 53, 10), (443, 22, 1300), (853, 80, 40)))),
    "arithmetic": SIZES,
    "signed_arithmetic": SIZES,
    "collatz": SIZES + packets(bytes(97)),
    "task_fields": [words(1, 2), words(1, 2)],
    "trusted_task": ["pid:only", "attach:4000"],
    "syscall_count": LINE,
    "latency": LINE,
    "vlan": COMMON + packets(*(eth(0x8100) + (b"\0\5\x81\0" * n) + b"\0\7" + last + bytes(60)
                              for n, last in itertools.product((3, 1, 0, 2), (b"\x86\xdd", b"\x12\x34", b"\x08\0")))),
    "rewrite": [entry("targets", bytes([10, 0, 0, 2]), bytes([192, 168, 255, 9]))] + COMMON,
    "name_keys": [words(1, 2), words(1, 2)],
    "choices": COMMON + packets(*(eth() + ip(n, bytes(20)) for n in (1, 6, 132, 136, 2, 103, 47, 4, 41, 253, 255, 200, 17))),
    "queue": SIZES,
    "token_bucket": COMMON + packets(*(eth() + ip(17, udp(size=n), ident=i) for n, i in ((20, 9), (900, 10), (900, 11), (20, 5), (30, 999)))),
    "matrix": SIZES * 2,
}


class Differs(Exception):
    """Both of a pair do not do the same, or one of them is refused."""


class Pair:
    """A program in Python and in C: the files, the function in both, and its inputs."""

    def __init__(self, python, c, inputs, function="prog"):
        self.python, self.c, self.inputs, self.function = python, c, inputs, function

    def compile_c(self, made, folder):
        """Makes the object of the C half. The instruction set is the one that pbpf takes unless told otherwise."""
        subprocess.run([peers.tool("clang-19"), "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-D__TARGET_ARCH_x86", "-I", folder, "-I", PAIRS,
                        "-I/usr/include/x86_64-linux-gnu", "-c", self.c, "-o", made], check=True)

    def measure(self, name, pbpf, folder):
        """What testrun says: two dictionaries, ours and theirs."""
        file = name.replace(" ", "-")
        ours, theirs = folder / f"{file}.bpf.o", folder / f"{file}.c.o"
        built = subprocess.run([pbpf, "build", self.python, "-o", ours], capture_output=True, text=True)
        if built.returncode != 0:
            raise Differs(f"pbpf build: {built.stderr.strip()}")
        self.compile_c(theirs, folder)
        run = subprocess.run([folder / "testrun", ours, theirs, self.function, *self.inputs], capture_output=True, text=True)
        if run.returncode != 0:
            raise Differs(run.stderr.strip())
        return json.loads(run.stdout)


def own():
    """The pairs of this folder."""
    return {name: Pair(PAIRS / f"{name}.py", PAIRS / f"{name}.c", inputs) for name, inputs in INPUTS.items()}


def mean(ratios):
    """The geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def compare(pbpf, folder, title, pairs, published=None):
    """Prints the table, with figures that others have published beside it; whether every pair did the same."""
    subprocess.run(["cc", "-O2", "-o", folder / "testrun", HERE / "testrun.c", "-lbpf"], check=True)
    print(f"{title}: pbpf and clang-19 -O2 -mcpu=v3 on the same programs".ljust(72) + f"{'instructions':>15}{'processed':>22}{'time of a run':>26}")
    same, ratios = True, {"insns": [], "processed": [], "ns": []}
    for name, pair in pairs.items():
        try:
            ours, theirs = pair.measure(name, pbpf, folder)
        except Differs as why:
            print(f"  {name:<24} FAILED: {why}", flush=True)
            same = False
            continue
        cells = []
        for what, unit in (("insns", ""), ("processed", ""), ("ns", " ns")):
            ratio = ours[what] / max(theirs[what], 0.1)
            ratios[what].append(ratio)
            cells.append(f"{ours[what]:>8g} {theirs[what]:>7g}{unit} {ratio:5.2f}")
        missed = "" if ratios["insns"][-1] <= AIM else f"   aim {AIM}: MISSED"
        beside = f"   {published[name]}" if published else ""
        print(f"  {name:<24}{''.join(f'{cell:>28}' for cell in cells)}{beside}{missed}", flush=True)
    if ratios["insns"]:
        means = {what: mean(all_of) for what, all_of in ratios.items()}
        verdict = "met" if means["insns"] <= MEAN_AIM else "MISSED"
        print(f"  geometric mean of {len(ratios['insns'])}: instructions {means['insns']:.3f} (aim {MEAN_AIM}: {verdict}), "
              f"processed {means['processed']:.3f}, time {means['ns']:.3f}")
    return same
