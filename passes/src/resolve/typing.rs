//! Types as annotations and constructors name them.
//!
//! Promises: sizes of the x86-64 ABI. Leaves out: inference.

use super::Resolver;
use super::class::Base;
use super::scope::Entry;
use crate::kernel;
use pbpf_core::ast::{BinaryOp, Expr, ExprKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::layout::MAX_SIZE;
use pbpf_core::names;
use pbpf_core::source::Span;
use pbpf_core::types::{GraphKind, Origin, RecordId, RecordKind, Region, Type, TypeId, Types};

/// The names of `ctypes` that mean something.
pub(super) const CTYPES: &[&str] = &[
    "c_int8",
    "c_byte",
    "c_uint8",
    "c_ubyte",
    "c_int16",
    "c_short",
    "c_uint16",
    "c_ushort",
    "c_int32",
    "c_int",
    "c_uint32",
    "c_uint",
    "c_int64",
    "c_long",
    "c_longlong",
    "c_ssize_t",
    "c_uint64",
    "c_ulong",
    "c_ulonglong",
    "c_size_t",
    "c_bool",
    "c_void_p",
    "c_char_p",
    "c_char",
    "POINTER",
    "Structure",
    "LittleEndianStructure",
    "Union",
    "LittleEndianUnion",
    "BigEndianStructure",
    "BigEndianUnion",
    "sizeof",
    "cast",
    "c_wchar",
    "c_wchar_p",
    "c_float",
    "c_double",
    "c_longdouble",
    "py_object",
];

/// The type of that name in `ctypes`.
pub(super) fn ctypes(types: &mut Types, name: &str) -> Option<TypeId> {
    let (bits, signed) = match name {
        "c_int8" | "c_byte" => (8, true),
        "c_uint8" | "c_ubyte" => (8, false),
        "c_int16" | "c_short" => (16, true),
        "c_uint16" | "c_ushort" => (16, false),
        "c_int32" | "c_int" => (32, true),
        "c_uint32" | "c_uint" => (32, false),
        "c_int64" | "c_long" | "c_longlong" | "c_ssize_t" => (64, true),
        "c_uint64" | "c_ulong" | "c_ulonglong" | "c_size_t" => (64, false),
        "c_bool" => return Some(types.bool()),
        "c_void_p" => {
            let void = types.void();
            return Some(types.ptr(void, Region::KernelUntrusted, false));
        }
        "c_char_p" => {
            let byte = types.int(8, true);
            return Some(types.ptr(byte, Region::KernelUntrusted, false));
        }
        _ => return None,
    };
    Some(types.int(bits, signed))
}

/// What other names of `ctypes` mean.
pub(super) fn ctypes_entry(name: &str) -> Option<Entry> {
    Some(match name {
        "c_char" => Entry::Char,
        "POINTER" => Entry::Pointer(Region::KernelUntrusted),
        "Structure" | "LittleEndianStructure" => Entry::Base(Base::Record(RecordKind::Struct)),
        "Union" | "LittleEndianUnion" => Entry::Base(Base::Record(RecordKind::Union)),
        "BigEndianStructure" | "BigEndianUnion" => Entry::Base(Base::BigEndian),
        "sizeof" => Entry::Builtin("sizeof"),
        "cast" => Entry::Builtin("cast"),
        "c_wchar" | "c_wchar_p" => Entry::NoType("text is bytes here: `str(N)`"),
        "c_float" | "c_double" | "c_longdouble" => {
            Entry::NoType("the kernel has no floating point: scale integers")
        }
        "py_object" => Entry::NoType("the kernel has no Python objects"),
        _ => return None,
    })
}

impl Resolver<'_, '_> {
    /// The type that an expression names; nothing where it names none.
    pub(super) fn quiet_type(&mut self, expr: &Expr) -> Option<TypeId> {
        match &expr.kind {
            ExprKind::Name(_) | ExprKind::Attribute { .. } => match self.entry_named(expr) {
                Some(entry) => self.entry_type(entry, expr.span),
                None => match &expr.kind {
                    ExprKind::Name(name) if name == "bool" => Some(self.module.types.bool()),
                    ExprKind::Name(name) if name == "int" => Some(self.module.types.int(64, true)),
                    _ => None,
                },
            },
            // An annotation of what is declared below.
            ExprKind::Str(name) => {
                let entry = self.lookup(name).cloned()?;
                self.entry_type(entry, expr.span)
            }
            ExprKind::Call { func, args, keywords } if args.len() == 1 && keywords.is_empty() => {
                if let Some(Entry::Pointer(region)) = self.entry_named(func) {
                    return self.pointer_type(&args[0], region);
                }
                let ExprKind::Name(name) = &func.kind else { return None };
                match (name.as_str(), self.lookup(name)) {
                    ("str", None) => {
                        let len = self.length(&args[0])?;
                        Some(self.module.types.intern(Type::Str { len }))
                    }
                    ("bytes", None) => {
                        let len = self.length(&args[0])?;
                        let element = self.module.types.int(8, false);
                        Some(self.module.types.intern(Type::Array { element, len }))
                    }
                    _ => None,
                }
            }
            // `Ptr[T]`.
            ExprKind::Subscript { value, index } => match self.entry_named(value) {
                Some(Entry::Pointer(region)) => self.pointer_type(index, region),
                Some(Entry::Kptr) => self.kptr_type(index),
                Some(Entry::GraphRoot(kind)) => self.graph_root(kind, index),
                _ => None,
            },
            ExprKind::Binary { op: BinaryOp::Mul, left, right } => {
                if matches!(self.entry_named(left), Some(Entry::Char)) {
                    let len = self.length(right)?;
                    return Some(self.module.types.intern(Type::Str { len }));
                }
                let element = self.quiet_type(left)?;
                let len = self.length(right)?;
                let bytes = self.module.types.size_of(element).saturating_mul(len);
                if bytes > MAX_SIZE {
                    self.error(
                        "bad-type",
                        format!("an array of {bytes} bytes is larger than 64 MiB"),
                        expr.span,
                    );
                    return None;
                }
                Some(self.module.types.intern(Type::Array { element, len }))
            }
            _ => None,
        }
    }

    fn entry_type(&mut self, entry: Entry, span: Span) -> Option<TypeId> {
        Some(match entry {
            Entry::Type(ty) => ty,
            Entry::Char => self.module.types.int(8, true),
            Entry::Record(record) => self.module.types.intern(Type::Record(record)),
            Entry::Enum(id) => self.module.types.intern(Type::Enum(id)),
            Entry::KernelRecord(record) => {
                let record = self.kernel_record(&record, span)?;
                self.module.types.intern(Type::Record(record))
            }
            Entry::KernelEnum(name) => {
                let id = self.kernel_enum(&name, span)?;
                self.module.types.intern(Type::Enum(id))
            }
            Entry::NoType(help) => {
                let text = self.cx.sources.snippet(span).to_owned();
                self.cx.emit(
                    Diagnostic::error("bad-type", format!("programs have no type `{text}`"))
                        .at(span)
                        .help(help),
                );
                return None;
            }
            Entry::Unusable(why) => {
                self.unusable(&why, span);
                return None;
            }
            _ => return None,
        })
    }

    /// Says why a class of user space's cannot be used where a program uses it.
    pub(super) fn unusable(&mut self, why: &[Diagnostic], span: Span) {
        for diagnostic in why {
            self.cx.emit(diagnostic.clone().label(span, "a program uses the class here"));
        }
    }

    fn pointer_type(&mut self, to: &Expr, region: Region) -> Option<TypeId> {
        let to = match &to.kind {
            ExprKind::None => self.module.types.void(),
            _ => self.type_of(to)?,
        };
        // Memory of an arena that is zero holds no pointer.
        Some(self.module.types.ptr(to, region, region == Region::Arena))
    }

    /// `Kptr[struct_task_struct]`.
    fn kptr_type(&mut self, of: &Expr) -> Option<TypeId> {
        let to = self.type_of(of)?;
        let is_record = matches!(self.module.types.get(to), Type::Record(_));
        if !is_record {
            self.error("bad-type", "what a map holds by a `Kptr` is a struct", of.span);
            return None;
        }
        Some(self.module.types.intern(Type::Kptr(to)))
    }

    /// `ListHead[Node, "node"]`: the field must be the node of that kind, in front.
    fn graph_root(&mut self, kind: GraphKind, index: &Expr) -> Option<TypeId> {
        let name = kind.python();
        let ExprKind::Tuple(parts) = &index.kind else {
            self.graph_error(format!("`{name}` says of what, and which field is the node"), kind, index.span);
            return None;
        };
        let [of, Expr { kind: ExprKind::Str(node), span }] = parts.as_slice() else {
            self.graph_error(format!("`{name}` says of what, and which field is the node"), kind, index.span);
            return None;
        };
        let ty = self.type_of(of)?;
        let types = &self.module.types;
        let record = match *types.get(ty) {
            Type::Record(record) if types.records[record].origin == Origin::User => record,
            _ => {
                self.graph_error(format!("what is in a `{name}` is a struct of the program"), kind, of.span);
                return None;
            }
        };
        let fits =
            |ty: TypeId| matches!(types.get(ty), Type::Record(r) if types.records[*r].name == kind.node());
        match types.find_field(record, node).filter(|(_, field)| fits(field.ty)) {
            Some((0, _)) => {}
            Some(_) => {
                self.graph_error(format!("the node `{node}` is not the first field"), kind, *span);
                return None;
            }
            None => {
                let message = format!("`{node}` is no `{}` of `{}`", kind.node(), types.records[record].name);
                self.graph_error(message, kind, *span);
                return None;
            }
        }
        Some(self.module.types.intern(Type::GraphRoot { kind, record, node: node.clone() }))
    }

    fn graph_error(&mut self, message: String, kind: GraphKind, span: Span) {
        let (name, node) = (kind.python(), kind.node());
        self.cx.emit(Diagnostic::error("bad-type", message).at(span).help(format!(
            "write `{name}[Item, \"node\"]`, and `node: struct_{node}` as the first field of `Item`"
        )));
    }

    fn length(&mut self, expr: &Expr) -> Option<u32> {
        let len = self.constant(expr, "a length")?;
        match u32::try_from(len) {
            Ok(len) if len > 0 && len <= 1 << 20 => Some(len),
            _ => {
                self.error(
                    "bad-type",
                    format!("{len} is no length: it must be from 1 to 1048576"),
                    expr.span,
                );
                None
            }
        }
    }

    /// Whether an expression is a name whose definition is wrong.
    pub(super) fn is_broken(&self, expr: &Expr) -> bool {
        matches!(&expr.kind, ExprKind::Name(name) if matches!(self.lookup(name), Some(Entry::Broken)))
    }

    /// The type that an expression names.
    pub(super) fn type_of(&mut self, expr: &Expr) -> Option<TypeId> {
        let before = self.cx.diagnostics.list().len();
        let ty = self.quiet_type(expr);
        if ty.is_none() && self.cx.diagnostics.list().len() == before && !self.is_broken(expr) {
            let text = self.cx.sources.snippet(expr.span).to_owned();
            let near = names::nearest(&text, self.scope.names()).map(|n| format!("did you mean `{n}`?"));
            self.cx.emit(
                Diagnostic::error("unknown-type", format!("`{text}` is no type"))
                    .at(expr.span)
                    .maybe_help(near)
                    .help("types are those of `ctypes`, `str(N)`, `T * N`, `@struct` classes and `struct_...` of `vmlinux`"),
            );
        }
        ty
    }

    /// The kernel record of that C name.
    pub(super) fn kernel_record(&mut self, name: &str, span: Span) -> Option<RecordId> {
        match self.cx.kernel.btf() {
            Ok(btf) => match kernel::record(&mut self.module.types, btf, name) {
                Some(record) => Some(record),
                None => {
                    let near = names::nearest(name, btf.record_names())
                        .map(|n| format!("did you mean `struct_{n}`?"));
                    self.cx.emit(
                        Diagnostic::error(
                            "unknown-kernel-type",
                            format!("the kernel has no struct or union `{name}`"),
                        )
                        .at(span)
                        .maybe_help(near),
                    );
                    None
                }
            },
            Err(error) => {
                self.cx.emit(error.at(span));
                None
            }
        }
    }
}
