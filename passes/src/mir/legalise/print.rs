//! Printing to the trace pipe.
//!
//! Promises: the format is constant data with its NUL; up to three values are arguments, more go through an array.
//! Leaves out: what a conversion means, which the kernel says (`bpf_trace_printk` in `bpf-helpers(7)`).

use super::Site;
use pbpf_core::mir::{Op, Type, Value};

/// How many values `bpf_trace_printk` takes beside the format: a helper has five arguments.
const DIRECT: usize = 3;

impl Site<'_, '_, '_> {
    pub(super) fn print(&mut self, format: &str, args: &[Value]) -> Op {
        let text = self.module.intern_text(format, self.span);
        let format_address = self.op(Op::GlobalAddr(text));
        let size = i64::try_from(format.len() + 1).unwrap_or(i64::MAX);
        // The helper's size parameter is 32 bits wide.
        let size = self.build().iconst(Type::I32, size);
        if args.len() <= DIRECT {
            let mut all = vec![format_address, size];
            all.extend(args);
            return self.helper_call("bpf_trace_printk", all, "printing");
        }
        let bytes = u32::try_from(args.len() * 8).unwrap_or(u32::MAX);
        let array = self.slot("printed", bytes);
        for (i, arg) in args.iter().enumerate() {
            self.build().store(array, i32::try_from(i * 8).unwrap_or(i32::MAX), *arg);
        }
        let len = self.build().iconst(Type::I32, i64::from(bytes));
        let values = args.len();
        self.cx.explain(self.span, || format!("{values} values are printed through an array on the stack"));
        self.helper_call(
            "bpf_trace_vprintk",
            vec![format_address, size, array, len],
            "printing more than three values",
        )
    }
}
