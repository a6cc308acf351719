"""What CPython refuses, wherever it stands."""
#: check
from pbpf import bpf, bpfglobal, section

break  # error:1: [syntax-error] "outside a loop"
return 1  # error:1: [syntax-error] "outside a function"

while 0:
    def in_loop():
        continue  # error:9: [syntax-error] "outside a loop"
    break
else:
    continue  # error:5: [syntax-error]


class C:
    return 2  # error:5: [syntax-error]


@bpf
@bpfglobal
def count() -> int:
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    count = 1
    global count  # error:12: [syntax-error] "assigned"
    if count:
        break  # error:9: [syntax-error]
    for i in range(3):
        if i:
            continue
    else:
        break  # error:9: [syntax-error]
    return 0


def g(count):
    global count  # error:12: [syntax-error] "a parameter"
