//! Classes of callbacks: a kernel struct whose members are methods and plain values.
//!
//! Promises: members are those of the row, each set once. Leaves out: bodies of the methods.

use super::declare::Bodies;
use super::scope::Entry;
use super::{Resolver, body};
use pbpf_core::ast::{ClassDef, Expr, ExprKind, StmtKind};
use pbpf_core::btf::{Btf, Kind, Type, TypeId};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{FunctionKind, Linkage, Program, StructOps, StructOpsValue};
use pbpf_core::names;
use pbpf_core::rows::{CType, Callback, StructOpsRow};
use pbpf_core::source::Span;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A type of BTF as rows spell it.
fn c_type(btf: &Btf, id: TypeId) -> Option<String> {
    let resolved = btf.resolve(id);
    let size = || btf.size_of(resolved).map(|bytes| bytes * 8);
    Some(match btf.get(resolved) {
        Type::Void => "void".to_owned(),
        Type::Int(int) if int.bool => "bool".to_owned(),
        Type::Int(int) => format!("{}{}", if int.signed { 's' } else { 'u' }, size()?),
        Type::Enum(_) => format!("s{}", size()?),
        Type::Ptr(target) => match btf.get(btf.resolve(target)) {
            Type::Struct(_) => format!("struct {} *", btf.name(btf.resolve(target))),
            _ => "void *".to_owned(),
        },
        Type::Array(array) if btf.size_of(array.element) == Some(1) => format!("char[{}]", array.len),
        _ => return None,
    })
}

/// The member that a method's name means: a keyword of Python cannot be one, so `yield_` is `yield`.
fn member_name(name: &str, is_member: impl Fn(&str) -> bool) -> &str {
    match name.strip_suffix('_') {
        Some(short) if !is_member(name) && is_member(short) => short,
        _ => name,
    }
}

/// How a program writes the name of a member or parameter.
fn spelled(name: &str) -> Cow<'_, str> {
    if names::is_keyword(name) { format!("{name}_").into() } else { name.into() }
}

impl Resolver<'_, '_> {
    /// The kernel struct that a class derives from, if it derives from one.
    pub(super) fn struct_ops_base(&self, def: &ClassDef) -> Option<String> {
        let [Expr { kind: ExprKind::Attribute { value, attr }, .. }] = def.bases.as_slice() else {
            return None;
        };
        let ExprKind::Name(module) = &value.kind else { return None };
        match self.lookup(module) {
            Some(Entry::StructOps) => Some(attr.text.clone()),
            Some(Entry::Module(name)) if name == "pbpf.struct_ops" => Some(attr.text.clone()),
            _ => None,
        }
    }

    /// Whether a member can be that; tells if not.
    fn member_fits(&mut self, name: &str, ty: &CType, value: &StructOpsValue, span: Span) -> bool {
        let wanted = match (ty, value) {
            (CType::Chars(len), StructOpsValue::Str(text)) => {
                let fits = text.len() < *len as usize && !text.contains('\0');
                (!fits).then(|| format!("text of at most {} bytes", len.saturating_sub(1)))
            }
            (CType::Chars(_) | CType::Pointer { .. } | CType::Void, _) => Some("text".to_owned()),
            (CType::Bool, StructOpsValue::Int(0 | 1)) => None,
            (CType::Bool, _) => Some("True or False".to_owned()),
            (CType::Int { bits, signed }, StructOpsValue::Int(n)) => {
                let n = i128::from(*n);
                let (low, high) = if *signed {
                    (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
                } else {
                    (0, (1i128 << bits) - 1)
                };
                // A number past `i64` is kept as the negative one of the same bits.
                let fits = (low..=high).contains(&n) || (*bits == 64 && !signed);
                if !fits {
                    let message = format!("member `{name}` is a number from {low} to {high}");
                    self.error("number-too-large", message, span);
                }
                return fits;
            }
            (CType::Int { .. }, StructOpsValue::Str(_)) => Some("a number".to_owned()),
        };
        let Some(wanted) = wanted else { return true };
        self.error("type-mismatch", format!("member `{name}` is {wanted}"), span);
        false
    }

    /// The callbacks and members of a struct, as the kernel's BTF has them.
    fn struct_ops_of_kernel(&self, record: &str, link: bool) -> Result<StructOpsRow, Diagnostic> {
        let btf = self.cx.kernel.btf()?;
        // The kernel keeps each struct that it takes programs for in a value of its own.
        let is_one = btf.find(&format!("bpf_struct_ops_{record}"), Kind::Struct).is_some();
        let Some(id) = btf.find(record, Kind::Struct).filter(|_| is_one) else {
            let known = btf.names(Kind::Struct).filter_map(|(name, _)| name.strip_prefix("bpf_struct_ops_"));
            let near = names::nearest(record, known).map(|n| format!("did you mean `struct_ops.{n}`?"));
            let message = format!("the kernel has no struct of callbacks `{record}`");
            return Err(Diagnostic::error("unknown-struct-ops", message).maybe_help(near));
        };
        let mut row = StructOpsRow {
            record: record.to_owned(),
            link,
            callbacks: Vec::new(),
            members: BTreeMap::new(),
            refused_members: BTreeMap::new(),
            ended: None,
        };
        for member in btf.members(id) {
            let resolved = btf.resolve(member.ty);
            let proto = match btf.get(resolved) {
                Type::Ptr(target) => match btf.get(btf.resolve(target)) {
                    Type::FuncProto(proto) => Some(proto),
                    _ => None,
                },
                _ => None,
            };
            let Some(proto) = proto else {
                row.members.extend(c_type(btf, member.ty).map(|ty| (member.name.to_owned(), ty)));
                continue;
            };
            let params = proto.params().enumerate().map(|(i, param)| {
                let name = if param.name.is_empty() { format!("arg{i}") } else { param.name.to_owned() };
                Some((name, c_type(btf, param.ty)?))
            });
            // One that takes a struct by value cannot be written.
            if let (Some(params), Some(ret)) = (params.collect(), c_type(btf, proto.ret)) {
                row.callbacks.push(Callback {
                    name: member.name.to_owned(),
                    params,
                    ret,
                    returns: None,
                    sleepable: false,
                    doc: String::new(),
                });
            }
        }
        Ok(row)
    }

    /// Whether the kernel refuses a member, by the row; tells if so.
    fn is_refused(
        &mut self,
        refused: &BTreeMap<String, String>,
        record: &str,
        name: &str,
        span: Span,
    ) -> bool {
        let Some(why) = refused.get(name) else { return false };
        self.cx.emit(
            Diagnostic::error(
                "refused-member",
                format!("the kernel refuses `{record}` with its member `{name}` set"),
            )
            .at(span)
            .note(why.clone())
            .help("leave it out"),
        );
        true
    }

    fn twice(&mut self, record: &str, name: &str, span: Span) {
        self.error("duplicate-name", format!("member `{name}` of `{record}` is set twice"), span);
    }

    pub(super) fn declare_struct_ops<'t>(
        &mut self,
        def: &'t ClassDef,
        record: &str,
        bodies: &mut Bodies<'t>,
    ) {
        let Some(program_type) = self.cx.registry.find_struct_ops(record) else {
            let known = self.cx.registry.program_types().filter_map(|(_, t)| t.row.struct_ops.as_ref());
            let near = names::nearest(record, known.map(|ops| ops.record.as_str()))
                .map(|n| format!("did you mean `struct_ops.{n}`?"));
            self.cx.emit(
                Diagnostic::error(
                    "unknown-struct-ops",
                    format!("no plugin knows the kernel struct of callbacks `{record}`"),
                )
                .at(def.bases[0].span)
                .maybe_help(near),
            );
            return;
        };
        let registry = self.cx.registry;
        let row = &registry.program_type(program_type).row;
        let Some(ops) = &row.struct_ops else { return };
        let refused_members = &ops.refused_members;
        let of_kernel;
        let ops = if ops.callbacks.is_empty() {
            match self.struct_ops_of_kernel(record, ops.link) {
                Ok(found) => {
                    of_kernel = found;
                    &of_kernel
                }
                Err(error) => {
                    self.cx.emit(error.at(def.bases[0].span));
                    return;
                }
            }
        } else {
            ops
        };
        let mut found = StructOps {
            name: def.name.text.clone(),
            program_type,
            record: record.to_owned(),
            members: Vec::new(),
            callbacks: Vec::new(),
            span: def.name.span,
        };
        for stmt in &def.body {
            let unknown = |this: &mut Self, name: &str, span: Span| {
                let known = ops
                    .callbacks
                    .iter()
                    .map(|c| c.name.as_str())
                    .chain(ops.members.keys().map(String::as_str));
                let near = names::nearest(name, known).map(|n| format!("did you mean `{}`?", spelled(n)));
                this.cx.emit(
                    Diagnostic::error("unknown-callback", format!("`{record}` has no member `{name}`"))
                        .at(span)
                        .maybe_help(near),
                );
            };
            match &stmt.kind {
                StmtKind::FunctionDef(method) => {
                    let is_callback = |name: &str| ops.callbacks.iter().any(|c| c.name == name);
                    let named = member_name(&method.name.text, is_callback);
                    if self.is_refused(refused_members, record, named, method.name.span) {
                        continue;
                    }
                    let Some(callback) = ops.callbacks.iter().find(|c| c.name == named) else {
                        unknown(self, &method.name.text, method.name.span);
                        continue;
                    };
                    if found.callbacks.iter().any(|(n, _)| *n == callback.name) {
                        self.twice(record, &callback.name, method.name.span);
                        continue;
                    }
                    let given = method.params.len().saturating_sub(1);
                    if method.params.is_empty() || given != callback.params.len() {
                        let names: Vec<&str> = callback.params.iter().map(|(n, _)| n.as_str()).collect();
                        self.cx.emit(
                            Diagnostic::error(
                                "wrong-arity",
                                format!(
                                    "callback `{}` takes {} parameters behind `self`, not {given}",
                                    callback.name,
                                    names.len()
                                ),
                            )
                            .at(method.name.span)
                            .help(format!(
                                "write `def {}({})`",
                                spelled(&callback.name),
                                std::iter::once("self".into())
                                    .chain(names.into_iter().map(spelled))
                                    .collect::<Vec<_>>()
                                    .join(", ")
                            )),
                        );
                        continue;
                    }
                    let suffix = if callback.sleepable { ".s" } else { "" };
                    let program = Program {
                        section: format!("struct_ops{suffix}/{}", callback.name),
                        program_type,
                        holes: Vec::new(),
                        pattern: None,
                        callback: Some(Box::new(callback.clone())),
                        fails: None,
                        section_span: method.name.span,
                    };
                    let name = format!("{}_{}", def.name.text.to_lowercase(), callback.name);
                    let id = self.add_function(
                        method,
                        FunctionKind::Program(program),
                        &name,
                        Linkage::Static,
                        true,
                        bodies,
                    );
                    found.callbacks.push((callback.name.clone(), id));
                }
                StmtKind::Assign { targets, value } => {
                    let [Expr { kind: ExprKind::Name(name), span }] = targets.as_slice() else { continue };
                    if self.is_refused(refused_members, record, name, *span) {
                        continue;
                    }
                    let Some(ty) = ops.members.get(name).and_then(|ty| CType::parse(ty)) else {
                        unknown(self, name, *span);
                        continue;
                    };
                    if found.members.iter().any(|(n, ..)| n == name) {
                        self.twice(record, name, *span);
                        continue;
                    }
                    let value = match &value.kind {
                        ExprKind::Str(text) => Some(StructOpsValue::Str(text.clone())),
                        _ => self.constant(value, &format!("`{name}`")).map(StructOpsValue::Int),
                    };
                    if let Some(value) = value.filter(|v| self.member_fits(name, &ty, v, *span)) {
                        found.members.push((name.clone(), ty, value, *span));
                    }
                }
                StmtKind::Pass => {}
                _ if body::is_docstring(stmt) => {}
                _ => self.error(
                    "bad-declaration",
                    "a class of callbacks holds methods and plain values only",
                    stmt.span,
                ),
            }
        }
        self.scope.insert(&def.name.text, Entry::Foreign, def.name.span);
        self.module.struct_ops.push(found);
    }
}
