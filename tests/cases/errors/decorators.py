"""What stands over a BPF function or class is known."""
#: check
import functools

from pbpf import bpf, section, struct


@bpf
@sction("xdp")  # error:2: [unknown-name] "did you mean `@section`"
def misspelt(ctx):
    return 1


@bpf
@functools.cache  # error:2: [unknown-name] "no such decorator"
@section("xdp")
def wrapped(ctx):
    return 1


@bpf
def fine(x):
    return x


@bpf
@struct
@fine  # error:2: [unknown-name] "no decorator `fine`"
class Event:
    number: int


# User space may do as it likes.
@functools.cache
def handled(event):
    return event
