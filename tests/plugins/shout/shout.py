"""A MIR pass as a command: the text of each print becomes upper case.

Promises: changes the quoted format of `print` instructions, conversions (`%d`, `%llx`) left alone; tells how many.
Leaves out: text that earlier passes already turned into data.
"""

import json
import re
import sys

PRINT = re.compile(r'^(\s*print )"((?:[^"\\]|\\.)*)"')
KEEP = re.compile(r"%[-+ #0-9.]*[a-z]*|\\.(?:\{[0-9a-f]+\})?")


def shout(text):
    out, at = [], 0
    for keep in KEEP.finditer(text):
        out += [text[at : keep.start()].upper(), keep.group()]
        at = keep.end()
    return "".join(out) + text[at:].upper()


def main():
    count = 0
    for line in sys.stdin:
        changed = PRINT.sub(lambda m: f'{m[1]}"{shout(m[2])}"', line)
        count += changed != line
        sys.stdout.write(changed)
    if count:
        print(json.dumps({"severity": "note", "message": f"{count} prints shout"}), file=sys.stderr)


main()
