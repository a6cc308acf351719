//! The context: fields, arguments, the returned value.
//!
//! Promises: every read of the context is a load at a constant offset, or at one that the loader patches.
//! Leaves out: where the packet ends, which is `bounds`' affair.

use super::Site;
use crate::kernel;
use crate::mir::rules::Program;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::{CastKind, Cond, FieldStep, Op, Type, Value, follow};
use pbpf_core::names;
use pbpf_core::rows::{Arguments, ContextField, Gives, Registers};
use pbpf_core::types::{Origin, RecordId, Region};

impl Site<'_, '_, '_> {
    pub(super) fn context_load(&mut self, ctx: Value, name: &str) -> Op {
        match self.context_field(name) {
            Err(refused) => refused,
            Ok(Some(field)) if field.gives == Gives::Forbidden => {
                let text = format!("programs of this type cannot read `{name}` of the context");
                self.refuse(Diagnostic::error("unknown-field", text))
            }
            Ok(Some(field)) => {
                let ty = Type::int(u32::from(field.bits)).unwrap_or(Type::I64);
                let offset = i32::try_from(field.offset).unwrap_or(i32::MAX);
                self.deliver(Op::Load { ptr: ctx, offset }, ty, field.signed)
            }
            Ok(None) => match self.open_field(ctx, name) {
                Ok((address, ty, signed)) => self.deliver(Op::Load { ptr: address, offset: 0 }, ty, signed),
                Err(refused) => refused,
            },
        }
    }

    pub(super) fn context_store(&mut self, ctx: Value, name: &str, value: Value) -> Op {
        let field = match self.context_field(name) {
            Ok(field) => field,
            Err(refused) => return refused,
        };
        let Some(field) = field.filter(|f| f.write) else {
            let may = self.rules.programs.first().map_or_else(Vec::new, |p| {
                p.row.context.fields.iter().filter(|f| f.write).map(|f| f.name.clone()).collect()
            });
            let mut diagnostic =
                Diagnostic::error("forbidden-memory", format!("`{name}` of the context cannot be written"));
            if !may.is_empty() {
                diagnostic = diagnostic.help(format!("these can: {}", may.join(", ")));
            }
            self.cx.emit(diagnostic.at(self.span));
            return Op::CtxStore { ctx, field: name.to_owned(), value };
        };
        let (has, wants) = (self.func.type_of(value), Type::int(u32::from(field.bits)).unwrap_or(Type::I64));
        let value = match has.bits().cmp(&wants.bits()) {
            std::cmp::Ordering::Equal => value,
            std::cmp::Ordering::Greater => self.value(Op::Cast(CastKind::Trunc, value), wants),
            std::cmp::Ordering::Less => self.value(Op::Cast(CastKind::Zext, value), wants),
        };
        Op::Store { ptr: ctx, offset: i32::try_from(field.offset).unwrap_or(i32::MAX), value }
    }

    pub(super) fn argument(&mut self, ctx: Value, index: u32) -> Op {
        match self.binding() {
            Err(refused) => refused,
            Ok(Arguments::None) => self.refuse(Diagnostic::error(
                "bad-argument",
                "programs of this type have no arguments behind the context",
            )),
            Ok(Arguments::Prototype(_)) => {
                // Without the kernel's types every argument is a word.
                let word = self.prototype_word(Some(index)).unwrap_or(index);
                self.context_word(ctx, word)
            }
            Ok(Arguments::Described) => self.refuse(Diagnostic::error(
                "bad-argument",
                "the pass `described_arguments`, which reads these arguments, was left out",
            )),
            Ok(Arguments::Words | Arguments::Callback) => self.context_word(ctx, index),
            Ok(Arguments::Registers(registers)) => self.register_argument(ctx, index, &registers),
        }
    }

    pub(super) fn returned(&mut self, ctx: Value) -> Op {
        let registers = match self.binding() {
            Err(refused) => return refused,
            Ok(Arguments::Registers(registers)) => Some(registers),
            Ok(Arguments::Prototype(row)) if row.result.is_some() => {
                return match self.prototype_word(None) {
                    Some(word) => self.context_word(ctx, word),
                    None => self.refuse(Diagnostic::error(
                        "no-kernel-types",
                        "where the result is depends on the kernel's prototype of the function",
                    )),
                };
            }
            Ok(_) => None,
        };
        let Some(register) = registers.as_ref().and_then(|r| r.result.get(&self.cx.target.arch)) else {
            let text = "programs of this type do not see what the function returned";
            return self.refuse(Diagnostic::error("bad-argument", text));
        };
        match self.register(ctx, register) {
            Ok(address) => self.deliver(Op::Load { ptr: address, offset: 0 }, Type::I64, true),
            Err(refused) => refused,
        }
    }

    /// Says that a field of the context must not be chosen by a number: "variable ctx access var_off=* disallowed".
    pub(super) fn chosen(&mut self, ptr: Value) {
        let mut at = ptr;
        let mut varies = false;
        loop {
            at = match self.func.def(at).map(|d| &d.op) {
                Some(Op::PtrAdd(base, offset)) => {
                    varies |= self.func.constant(*offset).is_none();
                    *base
                }
                Some(Op::FieldAddr { base, .. }) => *base,
                _ => break,
            };
        }
        if varies && self.func.type_of(at).region() == Some(Region::Ctx) {
            let text = "a field of the context is chosen by a number that is not constant";
            self.cx.emit(
                Diagnostic::error("not-constant", text)
                    .at(self.span)
                    .help("use a constant index; test the number, and use a constant index in each branch"),
            );
        }
    }

    /// A word of a context that is an array of them.
    fn context_word(&mut self, ctx: Value, word: u32) -> Op {
        let offset = i32::try_from(i64::from(word) * 8).unwrap_or(i32::MAX);
        self.deliver(Op::Load { ptr: ctx, offset }, Type::I64, true)
    }

    /// The word of an argument, or of the result, in the prototype that arguments bind to; none without the kernel's types.
    fn prototype_word(&self, argument: Option<u32>) -> Option<u32> {
        let btf = self.cx.kernel.btf().ok()?;
        let bound = self.rules.programs.first()?.prototype(btf)?;
        Some(argument.map_or_else(|| bound.result_word(), |index| bound.word(index as usize)))
    }

    fn register_argument(&mut self, ctx: Value, index: u32, registers: &Registers) -> Op {
        let arch = self.cx.target.arch.clone();
        let Some(fields) = registers.arguments.get(&arch).filter(|f| !f.is_empty()) else {
            let text = if registers.result.contains_key(&arch) {
                "the function has returned: its arguments are gone".to_owned()
            } else {
                format!("this program type does not say which registers hold arguments on {arch}")
            };
            return self.refuse(Diagnostic::error("bad-argument", text));
        };
        let Some(field) = fields.get(index as usize) else {
            let text = format!("on {arch} {} arguments are in registers", fields.len());
            return self.refuse(
                Diagnostic::error("bad-argument", text)
                    .help("the others are on the kernel's stack, which is not read"),
            );
        };
        let Some(outer) = registers.behind.get(&arch) else {
            return match self.register(ctx, field) {
                Ok(address) => self.deliver(Op::Load { ptr: address, offset: 0 }, Type::I64, true),
                Err(refused) => refused,
            };
        };
        // The wrapper of a system call got a pointer to the registers that the caller filled.
        let inner = match self.register(ctx, outer) {
            Ok(address) => {
                self.value(Op::Load { ptr: address, offset: 0 }, Type::ptr(Region::KernelUntrusted))
            }
            Err(refused) => return refused,
        };
        match self.register(inner, field) {
            Ok(address) => {
                let slot = self.slot("argument", 8);
                let size = self.build().iconst(Type::I64, 8);
                self.copy_by("bpf_probe_read_kernel", slot, address, size, inner);
                self.deliver(Op::Load { ptr: slot, offset: 0 }, Type::I64, true)
            }
            Err(refused) => refused,
        }
    }

    /// The address of a register in the record of registers at `base`.
    fn register(&mut self, base: Value, field: &str) -> Result<Value, Op> {
        let (name, index) = match field.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<u32>().ok()),
            None => (field, None),
        };
        let record = self.context_record(name)?;
        let mut path = vec![FieldStep::Field(name.to_owned())];
        path.extend(index.map(FieldStep::Index));
        Ok(self.op(Op::FieldAddr { base, record, path }))
    }

    /// The address, type and sign of a field of an open context.
    fn open_field(&mut self, ctx: Value, name: &str) -> Result<(Value, Type, bool), Op> {
        let open = self.rules.common(|p| p.row.context.open).unwrap_or(false);
        if !open {
            let fields = self.rules.programs.first().map_or(&[][..], |p| &p.row.context.fields);
            let near = names::nearest(name, fields.iter().map(|f| f.name.as_str()));
            let help = near.map(|n| format!("there is `{n}`"));
            let text = format!("the context has no field `{name}`");
            return Err(self.refuse(Diagnostic::error("unknown-field", text).maybe_help(help)));
        }
        let record = self.context_record(name)?;
        let path = vec![FieldStep::Field(name.to_owned())];
        let place = follow(&self.module.types, record, &path);
        let ty = place.ok().map(|p| p.ty);
        let machine = ty.and_then(|ty| self.module.machine_type(ty));
        let Some((ty, machine)) = ty.zip(machine) else {
            let text = format!("`{name}` of the context is no number");
            return Err(self.refuse(Diagnostic::error("type-mismatch", text)));
        };
        let signed = matches!(self.module.types.get(ty), pbpf_core::types::Type::Int { signed: true, .. });
        let address = self.op(Op::FieldAddr { base: ctx, record, path });
        // A truth value is a byte in memory.
        let in_memory = if machine == Type::I1 { Type::I8 } else { machine };
        Ok((address, in_memory, signed))
    }

    /// The kernel record of the context, with a field of that name brought in.
    fn context_record(&mut self, field: &str) -> Result<RecordId, Op> {
        let names = match self.rules.common(Program::context_records) {
            Ok(names) => names,
            Err(differ) => return Err(self.refuse(differ.diagnostic("the context is read"))),
        };
        let types = &mut self.module.types;
        let known = types.records.iter().find(|(_, r)| r.origin == Origin::Kernel && names.contains(&r.name));
        if let Some((id, _)) = known
            && kernel::field(types, None, id, field).is_some()
        {
            return Ok(id);
        }
        let btf = match self.cx.kernel.btf() {
            Ok(btf) => btf,
            Err(why) => return Err(self.refuse(why)),
        };
        let found = names.iter().find_map(|name| kernel::record(types, btf, name));
        let Some(record) = found else {
            let text = format!("the kernel has no `struct {}`", names.first().map_or("", String::as_str));
            return Err(self.refuse(Diagnostic::error("unknown-kernel-type", text)));
        };
        if kernel::field(types, Some(btf), record, field).is_none() {
            let all = kernel::field_names(types, Some(btf), record);
            let near =
                names::nearest(field, all.iter().map(String::as_str)).map(|n| format!("there is `{n}`"));
            let text = format!("`struct {}` has no field `{field}`", types.records[record].name);
            return Err(self.refuse(Diagnostic::error("unknown-field", text).maybe_help(near)));
        }
        Ok(record)
    }

    /// The row of a context field, if it has one.
    fn context_field(&mut self, name: &str) -> Result<Option<ContextField>, Op> {
        match self.rules.common(|p| p.context_field(name).cloned()) {
            Ok(field) => Ok(field),
            Err(_) if self.rules.programs.is_empty() => {
                let text = "the context has fields in what programs run only";
                Err(self.refuse(Diagnostic::error("unknown-field", text)))
            }
            Err(differ) => Err(self.refuse(differ.diagnostic(&format!("`{name}` of the context is read")))),
        }
    }

    /// How arguments bind here.
    fn binding(&mut self) -> Result<Arguments, Op> {
        match self.rules.common(Program::arguments) {
            Ok(arguments) => Ok(arguments),
            Err(_) if self.rules.programs.is_empty() => Ok(Arguments::None),
            Err(differ) => Err(self.refuse(differ.diagnostic("arguments are passed"))),
        }
    }

    /// Turns a load of type `has` into what the instruction gives.
    fn deliver(&mut self, load: Op, has: Type, signed: bool) -> Op {
        let wants = self.result_type();
        if wants == has {
            return load;
        }
        if let Type::Ptr { .. } = wants {
            if has == Type::I64 {
                return load;
            }
            let number = self.value(load, has);
            let wide = self.value(Op::Cast(CastKind::Zext, number), Type::I64);
            return Op::IntToPtr(wide);
        }
        let number = self.value(load, has);
        if wants == Type::I1 {
            let zero = self.build().iconst(has, 0);
            return Op::Icmp(Cond::Ne, [number, zero]);
        }
        let kind = match (wants.bits() < has.bits(), signed) {
            (true, _) => CastKind::Trunc,
            (false, true) => CastKind::Sext,
            (false, false) => CastKind::Zext,
        };
        Op::Cast(kind, number)
    }
}
