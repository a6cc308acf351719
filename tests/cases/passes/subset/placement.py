"""What CPython refuses, wherever it stands."""
#: check
from pbpf import bpf, bpfglobal, section

break  # error: [syntax-error] "outside a loop"
return 1  # error: [syntax-error] "outside a function"

while 0:
    def in_loop():
        continue  # error: [syntax-error] "outside a loop"
    break
else:
    continue  # error: [syntax-error]


class C:
    return 2  # error: [syntax-error]


@bpf
@bpfglobal
def count() -> int:
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    count = 1
    global count  # error: [syntax-error] "assigned"
    if count:
        break  # error: [syntax-error]
    for i in range(3):
        if i:
            continue
    else:
        break  # error: [syntax-error]
    return 0


def g(count):
    global count  # error: [syntax-error] "a parameter"
