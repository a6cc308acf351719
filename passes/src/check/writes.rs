//! Writes: only to memory that the program type's rules let be written.
//!
//! Promises: the context, kernel structs and other regions, by every program that may run the function.
//! Leaves out: how a write is done, and what must be proved before it (`legalise`).

use super::{Checker, Running};
use crate::infer::context_records;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, FuncId, Function, GlobalId, Place, PlaceKind, Section, Stmt, StmtKind};
use pbpf_core::rows::Access;
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type};

/// Where a place is: behind a pointer into a region, by that way of fields.
struct Target<'e> {
    region: Region,
    record: Option<String>,
    path: Vec<&'e str>,
}

impl Checker<'_, '_> {
    pub(super) fn writes(&mut self, id: FuncId, function: &Function) {
        let running = self.running(id);
        let mut places = Vec::new();
        places_of(&function.body, &mut places);
        for place in places {
            if let Some(global) = self.constant_global(place) {
                let error = self.read_only_global(global, place.span);
                self.cx.emit(error);
                continue;
            }
            for running in &running {
                // One message is enough; the next program would say the same.
                if self.write(id, running, place) {
                    break;
                }
            }
        }
    }

    /// The global variable that a place is in, if programs only read it.
    fn constant_global(&self, place: &Place) -> Option<GlobalId> {
        let global = match &place.kind {
            PlaceKind::Global(global) => Some(*global),
            PlaceKind::Field { base, .. } | PlaceKind::Index { base, .. } => global_of(base),
            PlaceKind::Local(_) | PlaceKind::MapItem { .. } => None,
        }?;
        (self.module.globals[global].section == Section::Rodata).then_some(global)
    }

    /// The diagnostic for a write to a global variable that programs only read.
    pub(super) fn read_only_global(&self, global: GlobalId, span: Span) -> Diagnostic {
        let global = &self.module.globals[global];
        read_only(format!("`{}` is constant: programs only read it", global.name), span)
            .label(global.span, "it is declared here")
            .help("leave `const=True` out, or set it from user space before the object is loaded")
    }

    /// Holds one write against one program's rules; whether it was refused.
    fn write(&mut self, id: FuncId, running: &Running<'_>, place: &Place) -> bool {
        let Some(target) = self.target(place) else { return false };
        let name = target.path.first().copied().unwrap_or_default();
        let what = match target.region {
            Region::Ctx => {
                if running.row.may_write_context(name) {
                    return false;
                }
                let field = running.row.context_field(name);
                let open = !context_records(running.program, running.row).is_empty();
                let writable: Vec<&str> =
                    running.row.context.fields.iter().filter(|f| f.write).map(|f| f.name.as_str()).collect();
                let mut error = read_only(
                    format!("`{name}` of the context cannot be written by programs of type `{}`", running.id),
                    place.span,
                );
                if !writable.is_empty() {
                    error = error.note(format!("these can: {}", writable.join(", ")));
                } else if open || field.is_some() {
                    error = error.note("the kernel lets these programs only read their context");
                }
                error.help("keep the value in a variable or in a map")
            }
            Region::Kernel | Region::KernelUntrusted if Self::is_writable(running, &target) => return false,
            region => {
                let rule = running.row.region(region);
                if rule.is_some_and(|r| r.write != Access::Forbidden) {
                    return false;
                }
                let mut error = read_only(
                    format!("{} cannot be written by programs of type `{}`", region.describe(), running.id),
                    place.span,
                );
                let fields = target.record.as_ref().and_then(|r| running.row.writable_fields.get(r));
                if let (Some(fields), Some(record)) = (fields, &target.record) {
                    error = error.note(format!("of `{record}` these can: {}", fields.join(", ")));
                }
                error.help("keep the value in a variable or in a map")
            }
        };
        let error = self.because(id, running, what);
        self.cx.emit(error);
        true
    }

    /// Whether the row names the field, or one that it is in. Only a trusted pointer leads there.
    fn is_writable(running: &Running<'_>, target: &Target<'_>) -> bool {
        let fields = target.record.as_ref().and_then(|r| running.row.writable_fields.get(r));
        let path = target.path.join(".");
        target.region == Region::Kernel && fields.is_some_and(|f| f.contains(&path))
    }

    /// Where a place is, if a pointer leads there.
    fn target<'e>(&self, place: &'e Place) -> Option<Target<'e>> {
        let types = &self.module.types;
        let mut path = Vec::new();
        let mut base = match &place.kind {
            PlaceKind::Field { base, name } => {
                path.push(name.as_str());
                base
            }
            PlaceKind::Index { base, .. } => base,
            PlaceKind::Local(_) | PlaceKind::Global(_) | PlaceKind::MapItem { .. } => return None,
        };
        loop {
            if let Type::Ptr { to, region, .. } = types.get(base.ty) {
                let record = match types.get(*to) {
                    Type::Record(record) => Some(types.records[*record].name.clone()),
                    _ => None,
                };
                path.reverse();
                return Some(Target { region: *region, record, path });
            }
            base = match &base.kind {
                ExprKind::Field(inner, name) => {
                    path.push(name.as_str());
                    inner
                }
                ExprKind::Index(inner, _) | ExprKind::Deref(inner) => inner,
                _ => return None,
            };
        }
    }
}

fn read_only(message: String, span: Span) -> Diagnostic {
    Diagnostic::error("read-only", message).at(span)
}

/// All places that a block stores to.
fn places_of<'e>(block: &'e [Stmt], found: &mut Vec<&'e Place>) {
    for stmt in block {
        match &stmt.kind {
            StmtKind::Assign { places, .. } | StmtKind::Unpack { places, .. } => found.extend(places),
            StmtKind::Update { place, .. } => found.push(place),
            kind => kind.blocks().into_iter().for_each(|block| places_of(block, found)),
        }
    }
}

/// The global variable that an expression is or is in.
pub(super) fn global_of(expr: &Expr) -> Option<GlobalId> {
    match &expr.kind {
        ExprKind::Global(global) => Some(*global),
        ExprKind::Field(base, _) | ExprKind::Index(base, _) => global_of(base),
        _ => None,
    }
}

/// Whether an expression is a pointer behind which a helper may write.
pub(super) fn is_place(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Local(_) | ExprKind::Global(_) | ExprKind::Field(..) | ExprKind::Index(..))
}
