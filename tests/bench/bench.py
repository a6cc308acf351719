"""Measures pbpf against its peers: whole processes, medians, as ratios of runs that take turns in one go.

Promises: each row's commands run in turns, so that a slow minute of the machine hits all of them; times are shown, ratios are compared; a
row that cannot be measured says why, and a command that fails ends the bench with status 1. A missed aim is shown and is no failure.
Leaves out: what the programs do in the kernel (tests/cases), and any verdict for CI.

Usage: bench.py [--rounds N] [ROW..]      PBPF=FILE measures another executable than target/release/pbpf
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys

import growth
import k2
import network
import pairs
import peers

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = HERE / "programs"
FOLDER = ROOT / "target/bench"
PBPF = os.environ.get("PBPF", str(ROOT / "target/release/pbpf"))


class Failed(Exception):
    """A measured command that ended with another status than 0."""


class Command:
    """One command of a row: what to run, and what was measured."""

    def __init__(self, name, argv, env=None, cwd=None):
        self.name, self.argv, self.env, self.cwd = name, [str(arg) for arg in argv], env, cwd
        self.milliseconds, self.mebibytes = [], []

    def run(self):
        """Runs it once; the time and memory, or `Failed` with what it said."""
        measured = subprocess.run([FOLDER / "measure", *self.argv], env=self.env, cwd=self.cwd, check=True, capture_output=True, text=True)
        nanoseconds, kibibytes, status = (int(word) for word in measured.stdout.split())
        if status != 0:
            said = subprocess.run(self.argv, env=self.env, cwd=self.cwd, capture_output=True, text=True, errors="replace")
            raise Failed(f"status {status} from: {' '.join(self.argv)}\n{said.stdout}{said.stderr}"[-2000:])
        return nanoseconds / 1e6, kibibytes / 1024

    def median(self):
        """The median time in milliseconds."""
        return statistics.median(self.milliseconds)


class Row:
    """pbpf and the peers of one question, with the aim of each peer's ratio (None: for information)."""

    def __init__(self, name, ours, theirs, rounds):
        self.name, self.ours, self.theirs, self.rounds = name, ours, theirs, rounds

    def measure(self):
        """Runs all commands `rounds` times in turns, after one run each that is not counted."""
        commands = [self.ours, *(command for command, _ in self.theirs)]
        for command in commands:
            command.run()
        for turn in range(self.rounds):
            # Each round starts with another command, so that none always follows the same one.
            for at in range(len(commands)):
                command = commands[(turn + at) % len(commands)]
                milliseconds, mebibytes = command.run()
                command.milliseconds.append(milliseconds)
                command.mebibytes.append(mebibytes)

    def lines(self):
        """The row as lines of the table."""
        yield f"{self.name}: {self.rounds} rounds"
        yield line(self.ours, "", "")
        for command, aim in self.theirs:
            ratios = sorted(theirs / ours for ours, theirs in zip(self.ours.milliseconds, command.milliseconds))
            ratio = command.median() / self.ours.median()
            spread = f"{ratios[len(ratios) // 4]:.1f} to {ratios[-1 - len(ratios) // 4]:.1f}"
            verdict = "" if aim is None else f"aim {aim}: {'met' if ratio >= aim else 'MISSED'}"
            yield line(command, f"{ratio:6.1f} x  ({spread})", verdict)


def line(command, ratio, verdict):
    """One command as a line of the table."""
    return f"  {command.name:<46}{command.median():9.1f} ms {max(command.mebibytes):7.1f} MiB   {ratio:<32}{verdict}".rstrip()


def ours(name, *arguments):
    """A command of pbpf."""
    return Command(name, [PBPF, *arguments])


def build(program):
    """pbpf build of one of the programs."""
    return ours(f"pbpf build {program}.py", "build", PROGRAMS / f"{program}.py", "-o", FOLDER / f"{program}.bpf.o")


def clang(program, *flags, note=""):
    """clang-19 on the C form of a program, with vmlinux.h unless a flag says otherwise."""
    return Command(f"clang-19 -O2 -g {note or program + '.c'}", [
        peers.tool("clang-19"), "-O2", "-g", "-target", "bpf", "-D__TARGET_ARCH_x86", "-I", FOLDER, "-I/usr/include/x86_64-linux-gnu", *flags,
        "-c", PROGRAMS / f"{program}.c", "-o", FOLDER / f"{program}.c.o"])


def pythonbpf(program):
    """PythonBPF on its form of a program; it writes beside the script, so the script is copied."""
    python, env = peers.pythonbpf(FOLDER)
    script = FOLDER / f"{program}_pythonbpf.py"
    script.write_bytes((PROGRAMS / script.name).read_bytes())
    return Command(f"pythonbpf {peers.PYTHONBPF} {script.name}", [python, script], env=env, cwd=FOLDER)


def with_peers(*made):
    """The peers that can be had, each (function, aim); the reasons of the others are printed, not dropped."""
    there = []
    for make, aim in made:
        try:
            there.append((make(), aim))
        except peers.Missing as reason:
            print(f"bench: SKIPPED a peer: {reason}", flush=True)
    return there


def hello(header):
    """Hello world, where a compiler's start is all that counts."""
    header()
    return Row("hello world", build("hello"), with_peers(
        (lambda: clang("hello"), 10),
        (lambda: pythonbpf("hello"), 6),
        (lambda: clang("hello", "-DWITHOUT_VMLINUX", note="linux/bpf.h only"), None)), 25)


def kernel_structs(header):
    """A program that reads fields of a kernel struct."""
    def with_vmlinux():
        peers.vmlinux_for_pythonbpf(FOLDER, header())
        return pythonbpf("kernel_structs")
    header()
    return Row("kernel structs", build("kernel_structs"), with_peers((lambda: clang("kernel_structs"), 10), (with_vmlinux, 100)), 7)


def parent(header):
    """A chain of pointers and an array, which PythonBPF does not have."""
    header()
    return Row("pointer chain", build("parent"), with_peers((lambda: clang("parent"), 10)), 15)


def check(_):
    """What an editor runs on each keystroke: no LLVM code generation, all shipped plugins installed."""
    return Row("check", ours("pbpf check hello.py", "check", PROGRAMS / "hello.py"), [], 25)


def start(_):
    """The executable's start: dynamic linking and nothing else."""
    return Row("start", ours("pbpf --version", "--version"), [], 25)


def same_programs(header):
    """The programs written twice: what comes out of both compilers, and what it does in the kernel."""
    header()
    same = [
        pairs.compare(PBPF, FOLDER, "pairs", pairs.own()),
        pairs.compare(PBPF, FOLDER, "network programs", network.programs()),
        pairs.compare(PBPF, FOLDER, "K2's programs", k2.programs(), k2.published()),
    ]
    if not all(same):
        raise Failed("not every pair does the same")


def longer_programs(_):
    """Programs ten and a hundred times as long."""
    growth.measure(PBPF, FOLDER)


ROWS = {"hello": hello, "kernel_structs": kernel_structs, "parent": parent, "check": check, "start": start, "pairs": same_programs, "growth": longer_programs}
# MiB, for every command of pbpf.
MEMORY_AIM = 80


def prepare():
    """The folder, the measuring program and a function that makes vmlinux.h when a row needs it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", "-o", FOLDER / "measure", HERE / "measure.c"], check=True)
    kernels = [pathlib.Path("/sys/kernel/btf/vmlinux"), *sorted(ROOT.glob("target/kernels/*/vmlinux.btf"), reverse=True)]
    btf = next((path for path in kernels if path.exists()), None)

    def header():
        if btf is None:
            raise peers.Missing("no kernel BTF here")
        return peers.vmlinux_h(FOLDER, btf)
    return header


def main():
    """Parses the command line, measures and prints."""
    parser = argparse.ArgumentParser(description="pbpf against its peers, as ratios")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--rounds", type=int, help="rounds of every row")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]!r}; there are: {', '.join(ROWS)}")
    if not os.access(PBPF, os.X_OK):
        sys.exit(f"bench: {PBPF} is not here (make build)")
    header = prepare()
    status = 0
    memory = []
    for name in options.rows or ROWS:
        try:
            row = ROWS[name](header)
            if row is None:
                continue
            row.rounds = options.rounds or row.rounds
            row.measure()
            print("\n".join(row.lines()), flush=True)
            memory += row.ours.mebibytes
        except peers.Missing as reason:
            print(f"bench: SKIPPED row {name}: {reason}", flush=True)
        except Failed as failure:
            print(f"bench: FAILED row {name}: {failure}", flush=True)
            status = 1
    if memory:
        print(f"memory: pbpf at most {max(memory):.1f} MiB   aim {MEMORY_AIM}: {'met' if max(memory) < MEMORY_AIM else 'MISSED'}")
    sys.exit(status)


if __name__ == "__main__":
    main()
