"""The compilers that the bench compares pbpf with: finds or makes each under target/bench, once.

Promises: a peer that cannot be had is a `Missing` with the reason in one line, for the table to show; nothing outside target/bench is written.
Leaves out: Debian packages (scripts/setup bench installs them).
"""

import glob
import os
import shutil
import subprocess

import vmlinux_py

PYTHONBPF = "0.2.0"
# PythonBPF emits text that LLVM 19 does not parse yet.
LLVM_FOR_PYTHONBPF = "/usr/lib/llvm-22/bin"


class Missing(Exception):
    """A peer that cannot be had here; the text says why."""


def tool(name):
    """The path of a program that scripts/setup installs."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"{name} is not here")
    return path


def run(what, *command, cwd=None, env=None):
    """Runs a step of making a peer; a failure is a `Missing` with its last line."""
    try:
        return subprocess.run(command, check=True, capture_output=True, cwd=cwd, env=env).stdout
    except OSError as error:
        raise Missing(f"{what}: {error}") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or [f"status {error.returncode}"]
        raise Missing(f"{what}: {lines[-1]}") from error


def vmlinux_h(folder, btf):
    """vmlinux.h of the kernel whose BTF is in `btf`, as bpftool writes it."""
    header = folder / "vmlinux.h"
    if not header.exists():
        text = run("vmlinux.h", tool("bpftool"), "btf", "dump", "file", btf, "format", "c")
        header.write_bytes(text)
    return header


def newest_python():
    """A Python that runs PythonBPF 0.2: its f-strings need 3.12. Debian 12 has 3.11, so pyenv's are looked through too."""
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    for python in ["python3.12", "python3.13", "python3.14", "python3", *sorted(glob.glob(f"{root}/versions/3.1[2-9]*/bin/python3"))]:
        python = shutil.which(python)
        if python and subprocess.run([python, "-c", "import sys, venv; sys.exit(sys.version_info < (3, 12))"], capture_output=True).returncode == 0:
            return python
    raise Missing("no Python 3.12 or newer (python3.12 in PATH, or under pyenv)")


def pythonbpf(folder):
    """The Python of a virtual environment with PythonBPF and ctypeslib2, and the environment variables to run it with."""
    if not os.path.exists(f"{LLVM_FOR_PYTHONBPF}/llc"):
        raise Missing("no LLVM 22 (package llvm-22)")
    venv = folder / "venv"
    stamp = venv / f"pythonbpf-{PYTHONBPF}"
    if not stamp.exists():
        python = newest_python()
        shutil.rmtree(venv, ignore_errors=True)
        run("venv", python, "-m", "venv", venv)
        # The bindings of the same version as Debian's libclang1-19.
        run("pip", venv / "bin/pip", "install", "-q", f"pythonbpf=={PYTHONBPF}", "ctypeslib2", "clang==19.*")
        stamp.touch()
    return venv / "bin/python", {**os.environ, "PATH": f"{LLVM_FOR_PYTHONBPF}:{os.environ['PATH']}"}


def vmlinux_for_pythonbpf(folder, header):
    """vmlinux.py beside the programs, made once in half a minute."""
    module = folder / "vmlinux.py"
    if not module.exists():
        python, env = pythonbpf(folder)
        made = folder / "vmlinux.new.py"
        try:
            vmlinux_py.make(header, folder / "venv/bin/clang2py", made)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise Missing(f"vmlinux.py: {error}") from error
        run("vmlinux.py", python, made, env=env)
        made.rename(module)
