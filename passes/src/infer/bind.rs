//! Parameters of programs: the types that the kernel gives their arguments.
//!
//! Promises: what a prototype or a callback's row says of a pointer holds, whatever the annotation. Leaves out: where
//! arguments are (`legalise`).

use super::{Frame, Infer_};
use crate::kernel;
use crate::mir::described;
use crate::prototype;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Binding, Function, FunctionKind};
use pbpf_core::rows::{Arguments, Prototype};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// Gives types to the parameters that are arguments of what is traced.
    pub(super) fn bind_arguments(&mut self, frame: &mut Frame) {
        if frame.function.kind == FunctionKind::Subprogram {
            return;
        }
        let Some((program, row)) = self.row() else { return };
        let arguments = program
            .pattern
            .and_then(|i| row.sections.get(i))
            .and_then(|s| s.arguments.clone())
            .unwrap_or_else(|| row.context_arguments());
        let callback = program.callback.clone();
        let holes = program.holes.clone();
        if let Some(error) = self.lacking(&frame.function, &arguments, &holes) {
            self.cx.emit(error);
            return;
        }
        for id in frame.function.params.clone() {
            let local = &frame.function.locals[id];
            let Some(binding @ (Binding::Argument(_) | Binding::Result)) = local.binding else { continue };
            let (declared, span, name) = (local.declared.then_some(local.ty), local.span, local.name.clone());
            let found = match (&arguments, binding) {
                (Arguments::Prototype(row), _) => self.prototype_argument(row, &holes, binding, &name, span),
                (Arguments::Callback, Binding::Argument(index)) => callback.as_ref().and_then(|c| {
                    let (_, ty) = c.params.get(index as usize)?;
                    self.c_type(ty, span)
                }),
                (arguments, binding) => {
                    let signed = binding == Binding::Result || *arguments == Arguments::Described;
                    Some(self.module.types.int(64, signed))
                }
            };
            let Some(found) = found else { continue };
            let ty = match declared {
                // What the prototype says of a pointer holds: it is trusted.
                Some(declared) => {
                    match (self.module.types.get(declared).clone(), self.module.types.get(found)) {
                        (Type::Ptr { to, .. }, Type::Ptr { region, nullable, .. }) => {
                            let (region, nullable) = (*region, *nullable);
                            self.module.types.ptr(to, region, nullable)
                        }
                        _ => {
                            self.hold_against(&name, declared, found, span);
                            declared
                        }
                    }
                }
                None => found,
            };
            frame.function.locals[id].ty = ty;
            frame.function.locals[id].declared = true;
        }
        if let Some(callback) = callback {
            frame.function.ret = self.c_type(&callback.ret, frame.function.span);
        }
    }

    /// Refuses an annotation that cuts a pointer, or makes a pointer of a number that holds none. A number of 64 bits may be
    /// an address, and an address such a number.
    fn hold_against(&mut self, name: &str, declared: TypeId, found: TypeId, span: Span) {
        let types = &self.module.types;
        let narrow = |ty: TypeId| match types.get(ty) {
            Type::Int { bits, .. } => *bits < 64,
            Type::Bool | Type::Enum(_) => true,
            _ => false,
        };
        let pointer = |ty: TypeId| matches!(types.get(ty), Type::Ptr { .. });
        if !(narrow(declared) && pointer(found) || pointer(declared) && narrow(found)) {
            return;
        }
        let (want, have) = (types.display(declared), types.display(found));
        let text = format!("`{name}` is declared as {want}, and what the kernel passes is {have}");
        self.cx.emit(
            Diagnostic::error("type-mismatch", text)
                .at(span)
                .help("leave the annotation out: the parameter has the type that the kernel gives it"),
        );
    }

    /// What is wrong with the prototype that parameters bind to, at the first of them; with a second result; or with an
    /// argument behind the last that a probe can describe.
    fn lacking(
        &self,
        function: &Function,
        arguments: &Arguments,
        holes: &[(String, String)],
    ) -> Option<Diagnostic> {
        let bound = function.params.iter().map(|id| &function.locals[*id]);
        let mut bound = bound.filter(|local| local.binding.is_some_and(|b| b != Binding::Context));
        let first = bound.next()?;
        if let Arguments::Prototype(row) = arguments {
            let found = self.cx.kernel.btf().and_then(|btf| prototype::find(btf, row, holes).map(|_| ()));
            return found.err().map(|error| error.at(first.span));
        }
        if *arguments == Arguments::Described {
            let behind = |b: Binding| matches!(b, Binding::Argument(index) if index >= described::MOST);
            let mut all = function.params.iter().map(|id| &function.locals[*id]);
            let local = all.find(|local| local.binding.is_some_and(behind))?;
            let text = format!("there is no argument for `{}`", local.name);
            let error = Diagnostic::error("wrong-arity", text).at(local.span);
            return Some(error.note(format!("a probe has {} arguments at most", described::MOST)));
        }
        let second = bound.find(|local| local.binding == Some(Binding::Result))?;
        let text = format!("there is no argument for `{}`", second.name);
        let error = Diagnostic::error("wrong-arity", text).at(second.span);
        Some(error.note("the function has returned: what it gave is all that there is"))
    }

    /// The type of a parameter that binds to a prototype of the kernel's.
    fn prototype_argument(
        &mut self,
        row: &Prototype,
        holes: &[(String, String)],
        binding: Binding,
        name: &str,
        span: Span,
    ) -> Option<TypeId> {
        let kernel = self.cx.kernel;
        let bound = kernel.btf().and_then(|btf| Ok((btf, prototype::find(btf, row, holes)?)));
        let (btf, bound) = match bound {
            Ok(found) => found,
            Err(error) => {
                self.cx.emit(error.at(span));
                return None;
            }
        };
        let (ty, index) = match binding {
            Binding::Argument(index) => (bound.params().nth(index as usize).map(|p| p.ty), index),
            _ => (Some(bound.proto.ret), 0),
        };
        let Some(ty) = ty else {
            let passed = bound.params().count();
            let mut error = Diagnostic::error("wrong-arity", format!("there is no argument for `{name}`"))
                .at(span)
                .note(format!("`{}` has {passed} parameters that are passed", bound.name));
            if let Some(result) = &row.result {
                error = error.help(format!("what the function returned is the parameter `{result}`"));
            }
            self.cx.emit(error);
            return None;
        };
        let ty = kernel::import(&mut self.module.types, btf, ty);
        if let Type::Record(_) | Type::Void = self.module.types.get(ty) {
            let what = match self.module.types.get(ty) {
                Type::Void => format!("`{}` returns nothing", bound.name),
                _ => format!("`{name}` is a struct that is passed by value, which programs cannot take"),
            };
            self.cx.emit(Diagnostic::error("bad-argument", what).at(span).help("leave the parameter out"));
            return None;
        }
        let ty = if row.pointers == Region::Kernel { self.trusted(ty) } else { ty };
        Some(match *self.module.types.get(ty) {
            Type::Ptr { to, region: Region::Kernel, .. } if row.nullable && index > 0 => {
                self.module.types.ptr(to, Region::Kernel, true)
            }
            _ => ty,
        })
    }
}
