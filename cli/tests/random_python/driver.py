"""Runs the programs of files in CPython, by the model of `python/pbpf`, for the differential test.

A line of JSON on standard input is a job: `file`, `rows` (for each, by global variable, its bytes in hexadecimal) and `programs` (for
each its name, its globals, its maps). The answer is a line of JSON: for each program, for each row, what it returned, the bytes of its
globals, the entries of its maps and what it printed, or `unsure`, or an error.
"""

import importlib.util
import json
import signal
import sys
import traceback

sys.path.insert(0, sys.argv[1])

from pbpf.maps import ArrayMap
from pbpf.model import machine
from pbpf.model.c_meaning import install
from pbpf.model.number import Mode, Unsure

install()
machine.echo = False
Mode.strict = True


class TooLong(Exception):
    """A smaller program may have lost what ended its loops."""


def too_long(*_):
    raise TooLong


signal.signal(signal.SIGVTALRM, too_long)


def load(path):
    spec = importlib.util.spec_from_file_location("program", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["program"] = module
    spec.loader.exec_module(module)
    return module


def entries(made):
    if isinstance(made, ArrayMap):
        size = made.value_type.size
        zero = bytes(size)
        found = ((i.to_bytes(4, "little"), made.entries.get(i.to_bytes(4, "little"), zero)) for i in range(made.max_entries))
    else:
        found = made.entries.items()
    return sorted([bytes(k).hex(), bytes(v).hex()] for k, v in found)


def run(module, program, row):
    for name in program["globals"]:
        variable = getattr(module, name)
        variable.reset()
        if name in row:
            variable.data[:] = bytes.fromhex(row[name])
    for name in program["maps"]:
        getattr(module, name).clear()
    machine.printed.clear()
    signal.setitimer(signal.ITIMER_VIRTUAL, 1)
    try:
        value = getattr(module, program["name"])(None)
    except Unsure as e:
        return {"unsure": str(e)}
    except Exception:
        return {"error": traceback.format_exc()}
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return {
        "value": int(value) & 0xFFFFFFFF,
        "globals": [bytes(getattr(module, name).data).hex() for name in program["globals"]],
        "maps": [entries(getattr(module, name)) for name in program["maps"]],
        "printed": list(machine.printed),
    }


for line in sys.stdin:
    job = json.loads(line)
    try:
        module = load(job["file"])
        answer = [[run(module, program, row) for row in job["rows"]] for program in job["programs"]]
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
