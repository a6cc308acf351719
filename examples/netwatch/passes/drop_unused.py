"""A pass over MIR text: drops instructions that only make a value which nobody reads.

MIR comes on standard input and goes to standard output. Names of values belong to one function.
"""

import re
import sys

# What may be dropped: it makes a value and does nothing else.
PURE = (
    "iconst null add sub mul and or xor shl lshr ashr icmp zext sext trunc select slot_addr global_addr map_addr "
    "func_addr ptr_add ptr_sub field_addr ptr_to_int"
).split()
DEFINES = re.compile(r"\s+(v\d+)(?:: [\w.?]+)? = ([\w.]+)")
VALUE = re.compile(r"\bv\d+\b")


def drop(lines):
    """The lines of one function without those that are not needed."""
    while True:
        text = [line.split(";")[0] for line in lines]
        uses = {}
        for line in text:
            defined = DEFINES.match(line)
            for value in VALUE.findall(line[defined.end() :] if defined else line):
                uses[value] = uses.get(value, 0) + 1
        kept = []
        for line, code in zip(lines, text):
            defined = DEFINES.match(code)
            if defined and defined[2].split(".")[0] in PURE and not uses.get(defined[1]):
                continue
            kept.append(line)
        if len(kept) == len(lines):
            return kept
        lines = kept


def main():
    out, function = [], None
    for line in sys.stdin:
        if line.startswith("function "):
            function = []
        if function is None:
            out.append(line)
            continue
        function.append(line)
        if line.startswith("}"):
            out.extend(drop(function))
            function = None
    sys.stdout.writelines(out + (function or []))


if __name__ == "__main__":
    main()
