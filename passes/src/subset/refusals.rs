//! What is refused, a code each, and what to write instead.
//!
//! Promises: every name that the door gives to an unsupported construct has a row. Leaves out: finding them.

/// Why a construct is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

pub(super) const ASYNC_DEF: Refusal = Refusal {
    code: "unsupported-async",
    message: "a BPF program runs from start to end: it cannot be `async`",
    help: "write `def`",
};

pub(super) const VARARG: Refusal = Refusal {
    code: "unsupported-vararg",
    message: "a BPF function takes a fixed number of arguments: `*` and `**` have no meaning here",
    help: "name each parameter; the kernel passes at most five",
};

pub(super) const CLASS_KEYWORD: Refusal = Refusal {
    code: "unsupported-class-keyword",
    message: "a BPF class takes no keywords such as `metaclass=`",
    help: "leave the keyword out",
};

pub(super) const NESTED_FUNCTION: Refusal = Refusal {
    code: "unsupported-nested-function",
    message: "BPF functions cannot be defined inside each other",
    help: "define it at the top level with `@bpf`, and pass it what it needs",
};

pub(super) const NESTED_CLASS: Refusal = Refusal {
    code: "unsupported-nested-class",
    message: "a class cannot be defined inside a BPF function or class",
    help: "define it at the top level with `@bpf` and `@struct`",
};

pub(super) const STAR: Refusal = Refusal {
    code: "unsupported-star",
    message: "`*` and `**` cannot unpack here: nothing has a length that changes",
    help: "write each element out",
};

/// The row of a pattern that the door calls `name`.
pub(super) fn pattern(name: &str) -> Refusal {
    let message = match name {
        "class pattern" => "a class pattern asks for the type of an object, which is known here",
        "sequence pattern" | "star pattern" => {
            "a sequence pattern takes a sequence apart, which programs do not have"
        }
        "mapping pattern" => "a mapping pattern takes a dict apart, which programs do not have",
        _ => "this pattern is not part of the language",
    };
    Refusal {
        code: "unsupported-match",
        message,
        help: "patterns are numbers, text, `None`, `a | b`, a name, and `_`; compare fields in a guard",
    }
}

/// The row of a statement that the door calls `name`.
pub(super) fn statement(name: &str) -> Refusal {
    match name {
        "try" => Refusal {
            code: "unsupported-try",
            message: "`try` has no meaning: BPF programs have no exceptions",
            help: "test for the failure: `if p is None:`, `if error < 0:`",
        },
        "raise" => Refusal {
            code: "unsupported-raise",
            message: "`raise` has no meaning: BPF programs have no exceptions",
            help: "return a value that says what is wrong, or use `assert`, which leaves the program",
        },
        "async for" | "async with" => Refusal {
            code: "unsupported-async",
            message: "a BPF program runs from start to end: nothing in it can be `async`",
            help: "leave `async` out",
        },
        "type" => Refusal {
            code: "unsupported-type-alias",
            message: "`type` cannot stand in a BPF function",
            help: "use the type's own name",
        },
        "nonlocal" => Refusal {
            code: "unsupported-nonlocal",
            message: "`nonlocal` has no meaning: BPF functions are not nested",
            help: "use a global variable: `@bpf` and `@bpfglobal`",
        },
        _ => Refusal {
            code: "unsupported-syntax",
            message: "this statement is not part of the language",
            help: "`docs/language.md` lists the statements",
        },
    }
}

/// The row of an expression that the door calls `name`.
pub(super) fn expression(name: &str) -> Refusal {
    match name {
        "lambda" => Refusal {
            code: "unsupported-lambda",
            message: "`lambda` makes a function at run time, which the kernel cannot",
            help: "define a function at the top level with `@bpf`",
        },
        "dict" => Refusal {
            code: "unsupported-dict",
            message: "a dict needs memory that grows, which BPF programs do not have",
            help: "declare a map: `return HashMap(key=c_uint32, value=c_uint64, max_entries=1024)`",
        },
        "set" => Refusal {
            code: "unsupported-set",
            message: "a set needs memory that grows, which BPF programs do not have",
            help: "declare a map and test `key in m`; to compare with a few values write `x in (1, 2)`",
        },
        "list comprehension" | "set comprehension" | "dict comprehension" | "generator expression" => {
            Refusal {
                code: "unsupported-comprehension",
                message: "a comprehension needs memory that grows, which BPF programs do not have",
                help: "write a `for` loop over `range(...)` that fills an array: `a = (c_uint32 * 8)()`",
            }
        }
        "await" => Refusal {
            code: "unsupported-async",
            message: "`await` has no meaning: a BPF program runs from start to end",
            help: "leave `await` out",
        },
        "yield" => Refusal {
            code: "unsupported-yield",
            message: "`yield` has no meaning: a BPF function returns once",
            help: "send values to user space through a ring buffer: `m.output(value)`",
        },
        "star expression" => STAR,
        "slice" => Refusal {
            code: "unsupported-slice",
            message: "a slice makes a copy whose length is not known",
            help: "read single elements: `a[i]`",
        },
        "floating-point number" | "complex number" => Refusal {
            code: "unsupported-float",
            message: "BPF programs have integers only",
            help: "scale to a smaller unit: 1500 milliseconds instead of 1.5 seconds",
        },
        "..." => Refusal {
            code: "unsupported-ellipsis",
            message: "`...` has no value here",
            help: "write `pass` for an empty body",
        },
        _ => Refusal {
            code: "unsupported-syntax",
            message: "this expression is not part of the language",
            help: "`docs/language.md` lists the expressions",
        },
    }
}
