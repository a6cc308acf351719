//! Loads, stores and copies by the rules of regions.
//!
//! Promises: after it, only memory that may be accessed directly is. Leaves out: bounds and null.

use super::Site;
use crate::mir::rules::Differ;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::{FieldStep, Op, Type, Value, follow};
use pbpf_core::rows::{Access, Via};
use pbpf_core::types::{Origin, RecordId, Region};

/// Reading or writing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Read,
    Write,
}

impl Site<'_, '_, '_> {
    pub(super) fn load(&mut self, ptr: Value, offset: i32) -> Op {
        let element = self.element(ptr);
        if element.is_none() {
            self.chosen(ptr);
        }
        let ty = self.result_type();
        match self.access(ptr, Way::Read) {
            Some(Access::Direct) if let Some(element) = &element => self.read_element(element),
            Some(Access::Copy(via)) => {
                let source = self.moved(ptr, i64::from(offset));
                let slot = self.slot("copy", ty.bytes());
                let size = self.build().iconst(Type::I64, i64::from(ty.bytes()));
                self.copy_by(&via.helper, slot, source, size, ptr);
                Op::Load { ptr: slot, offset: 0 }
            }
            Some(_) => Op::Load { ptr, offset },
            None => self.harmless(),
        }
    }

    pub(super) fn store(&mut self, ptr: Value, offset: i32, value: Value) -> Op {
        let element = self.element(ptr);
        if element.is_none() {
            self.chosen(ptr);
        }
        match self.access(ptr, Way::Write) {
            Some(Access::Direct) if let Some(element) = &element => self.write_element(element, value),
            Some(Access::Copy(via)) => {
                let len = self.func.type_of(value).bytes();
                let target = self.moved(ptr, i64::from(offset));
                let slot = self.slot("copy", len);
                self.build().store(slot, 0, value);
                let size = self.build().iconst(Type::I64, i64::from(len));
                self.helper_call(&via.helper, vec![target, size, slot], "writing this memory")
            }
            _ => Op::Store { ptr, offset, value },
        }
    }

    pub(super) fn copy(&mut self, dst: Value, src: Value, len: u32) -> Op {
        self.writable(dst, len);
        match self.access(src, Way::Read) {
            Some(Access::Copy(via)) => {
                let size = self.build().iconst(Type::I64, i64::from(len));
                self.explain_copy(&via.helper, Some(i64::from(len)), src);
                self.helper_call(&via.helper, vec![dst, size, src], &reading(self.func.type_of(src)))
            }
            _ => Op::MemCopy { dst, src, len },
        }
    }

    pub(super) fn copy_text(&mut self, dst: Value, src: Value, len: u32) -> Op {
        self.writable(dst, len);
        match self.access(src, Way::Read) {
            Some(Access::Copy(Via { text: Some(helper), .. })) => {
                let size = self.build().iconst(Type::I64, i64::from(len));
                let shown = helper.clone();
                self.cx.explain(self.span, || {
                    format!("text is copied by `{shown}`; where that fails it is empty")
                });
                self.helper_call(&helper, vec![dst, size, src], &reading(self.func.type_of(src)))
            }
            Some(Access::Copy(Via { text: None, .. })) => {
                let what = self.func.type_of(src).region().map_or("this memory", Region::describe);
                let error =
                    Diagnostic::error("forbidden-memory", format!("text in {what} cannot be read here"));
                self.cx.emit(error.at(self.span));
                Op::MemSet { dst, byte: 0, len }
            }
            // The program's own memory: whole, and the last byte is the NUL.
            _ => {
                self.build().effect(Op::MemCopy { dst, src, len });
                let nul = self.build().iconst(Type::I8, 0);
                Op::Store { ptr: dst, offset: len as i32 - 1, value: nul }
            }
        }
    }

    /// Calls the helper that copies.
    pub(super) fn copy_by(&mut self, helper: &str, dst: Value, src: Value, size: Value, from: Value) {
        self.explain_copy(helper, self.func.constant(size), from);
        let call = self.helper_call(helper, vec![dst, size, src], &reading(self.func.type_of(from)));
        if matches!(call, Op::CallHelper { .. }) {
            self.build().effect(call);
        }
    }

    fn explain_copy(&mut self, helper: &str, len: Option<i64>, from: Value) {
        let region = self.func.type_of(from).region();
        let helper = helper.to_owned();
        self.cx.explain(self.span, || {
            let what = region.map_or("memory", Region::describe);
            let len = len.map_or_else(|| "the".to_owned(), |len| len.to_string());
            format!("{len} bytes of {what} are copied by `{helper}`; a fault reads as zero")
        });
    }

    /// Refuses the pointer where its memory must not be written by instructions.
    pub(super) fn writable(&mut self, ptr: Value, _len: u32) {
        if let Some(Access::Copy(_)) = self.access(ptr, Way::Write) {
            let what = self.func.type_of(ptr).region().map_or("this memory", Region::describe);
            let text = format!("{what} can only be written a number at a time");
            self.cx.emit(Diagnostic::error("forbidden-memory", text).at(self.span));
        }
    }

    /// Says so if memory cannot be changed atomically: "BPF_ATOMIC stores into R1 pkt is not allowed".
    pub(super) fn shared(&mut self, ptr: Value) {
        let region = self.func.type_of(ptr).region();
        if let Some(region @ (Region::Packet | Region::PacketMeta | Region::Ctx)) = region {
            let text = format!("{} cannot be changed atomically", region.describe());
            let help = "read it, change the number, and write it back; nothing else writes there meanwhile";
            self.cx.emit(Diagnostic::error("forbidden-memory", text).at(self.span).help(help));
        }
    }

    pub(super) fn harmless(&self) -> Op {
        match self.result_type() {
            Type::Ptr { nullable: true, .. } => Op::Null,
            Type::Ptr { .. } => self.func.insts[self.inst].op.clone(),
            _ => Op::Iconst(0),
        }
    }

    /// How memory is accessed; says so where it must not be.
    pub(super) fn access(&mut self, ptr: Value, way: Way) -> Option<Access> {
        let region = self.func.type_of(ptr).region()?;
        let rule = match self.rules.region(region) {
            Ok(rule) => rule,
            Err(differ) => {
                self.differ(&differ, &format!("{} is accessed", region.describe()));
                return None;
            }
        };
        let access = rule.map_or(Access::Forbidden, |r| if way == Way::Read { r.read } else { r.write });
        if access != Access::Forbidden || (way == Way::Write && self.is_writable_field(ptr)) {
            return Some(if access == Access::Forbidden { Access::Direct } else { access });
        }
        let (verb, what) = (if way == Way::Read { "read" } else { "written" }, region.describe());
        let mut diagnostic = Diagnostic::error("forbidden-memory", format!("{what} cannot be {verb} here"));
        if let Some(program) = self.rules.programs.first() {
            diagnostic = diagnostic.note(format!("programs of type `{}` may not", program.id));
            let fields: Vec<String> = (program.row.writable_fields.iter())
                .flat_map(|(record, paths)| paths.iter().map(move |p| format!("{record}.{p}")))
                .collect();
            if way == Way::Write && region == Region::Kernel && !fields.is_empty() {
                diagnostic = diagnostic.help(format!("they may write: {}", fields.join(", ")));
            }
        }
        if region == Region::PerCpu {
            diagnostic =
                diagnostic.help("take what one CPU has: `bpf_this_cpu_ptr(v)` or `bpf_per_cpu_ptr(v, cpu)`");
        }
        if way == Way::Write && matches!(region, Region::Kernel | Region::KernelUntrusted | Region::User) {
            diagnostic = diagnostic.help("copy what is needed into a local variable, and change that");
        }
        self.cx.emit(diagnostic.at(self.span));
        None
    }

    pub(super) fn differ(&mut self, differ: &Differ, what: &str) {
        self.cx.emit(differ.diagnostic(what).at(self.span));
    }

    /// Whether a pointer is to a field of a kernel struct that all programs here may write.
    fn is_writable_field(&self, ptr: Value) -> bool {
        let Some(Op::FieldAddr { record, path, .. }) = self.func.def(ptr).map(|d| &d.op) else {
            return false;
        };
        let names: Option<Vec<&str>> = path
            .iter()
            .map(|step| match step {
                FieldStep::Field(name) => Some(name.as_str()),
                FieldStep::Index(_) => None,
            })
            .collect();
        let (Some(names), Some(record)) = (names, self.module.types.records.get(*record)) else {
            return false;
        };
        let path = names.join(".");
        !self.rules.programs.is_empty()
            && self
                .rules
                .programs
                .iter()
                .all(|p| p.row.writable_fields.get(&record.name).is_some_and(|paths| paths.contains(&path)))
    }

    /// An address in a kernel struct is relocated in the kernel's own memory only.
    pub(super) fn field(&mut self, base: Value, record: RecordId, path: Vec<FieldStep>) -> Op {
        let relocated = self
            .func
            .type_of(base)
            .region()
            .is_none_or(|r| matches!(r, Region::Kernel | Region::KernelUntrusted | Region::Ctx));
        let origin = self.module.types.records.get(record).map(|r| r.origin);
        if relocated || origin != Some(Origin::Kernel) {
            return Op::FieldAddr { base, record, path };
        }
        let Ok(place) = follow(&self.module.types, record, &path) else {
            return Op::FieldAddr { base, record, path };
        };
        let by = self.build().iconst(Type::I64, i64::try_from(place.offset()).unwrap_or(i64::MAX));
        Op::PtrAdd(base, by)
    }
}

fn reading(ty: Type) -> String {
    format!("reading {}", ty.region().map_or("memory", Region::describe))
}
