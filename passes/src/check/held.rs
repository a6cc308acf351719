//! What happens inside `with`: while a lock is held, the kernel lets nothing be called.
//!
//! Promises: every call, also those that reading a map or the kernel's memory becomes. Leaves out: locks taken by calls
//! that are no `with`.

use super::Checker;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, Function, Over, Place, PlaceKind, Stmt, StmtKind};
use pbpf_core::rows::{ArgumentKind, HelperCall};
use pbpf_core::source::Span;
use pbpf_core::types::{Origin, Region, Type, TypeId};

/// Where what cannot be copied is, the code that says so, and what it is.
type Uncopied = (Span, &'static str, String);

impl Checker<'_, '_> {
    /// Refuses copies of what a lock or a kernel object is in: `bpf_spin_lock cannot be accessed directly by load/store`.
    pub(super) fn locks(&mut self, function: &Function) {
        let mut copied = Vec::new();
        self.copies(&function.body, &mut copied);
        crate::walk::exprs(&function.body, &mut |e| match &e.kind {
            ExprKind::Store(_, _, value, _) => copied.extend(self.locked(value)),
            ExprKind::Helper { helper, args, .. } => {
                for (arg, given) in self.registry.helper(*helper).row.args.iter().zip(args) {
                    if let Some(given) = given
                        && matches!(
                            arg.kind,
                            ArgumentKind::MemIn | ArgumentKind::MapValue | ArgumentKind::MapKey
                        )
                    {
                        copied.extend(self.locked(given));
                    }
                }
            }
            _ => {}
        });
        for (span, code, what) in copied {
            self.cx.emit(
                Diagnostic::error(code, format!("{what} cannot be copied, and there is one in this"))
                    .at(span)
                    .help("copy the other fields, one by one"),
            );
        }
    }

    fn copies(&self, block: &[Stmt], found: &mut Vec<Uncopied>) {
        let is_copy = |place: &Place| {
            matches!(self.module.types.get(place.ty), Type::Record(_))
                || matches!(place.kind, PlaceKind::MapItem { .. })
        };
        for stmt in block {
            match &stmt.kind {
                StmtKind::Assign { places, value } if places.iter().any(is_copy) => {
                    found.extend(self.locked(value));
                }
                StmtKind::Unpack { places, values } => {
                    let pairs = places.iter().zip(values);
                    found.extend(pairs.filter(|(p, _)| is_copy(p)).filter_map(|(_, v)| self.locked(v)));
                }
                _ => {}
            }
            stmt.kind.blocks().into_iter().for_each(|inner| self.copies(inner, found));
        }
    }

    /// What an expression is that cannot be copied: an object in a map that holds a lock or a kernel object.
    fn locked(&self, e: &Expr) -> Option<Uncopied> {
        let types = &self.module.types;
        let object = match types.get(e.ty) {
            Type::Ptr { to, region: Region::MapValue | Region::Mem, .. } => *to,
            Type::Record(_) => {
                let in_map = match &e.kind {
                    ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Deref(base) => {
                        self.in_map(base)
                    }
                    ExprKind::Global(_) => true,
                    _ => false,
                };
                in_map.then_some(e.ty)?
            }
            _ => return None,
        };
        if self.holds_lock(object) {
            return Some((e.span, "held-lock", "a lock".to_owned()));
        }
        self.managed(object).map(|what| (e.span, "held-object", what))
    }

    fn in_map(&self, e: &Expr) -> bool {
        match (self.module.types.get(e.ty), &e.kind) {
            (Type::Ptr { region, .. }, _) => matches!(region, Region::MapValue | Region::Mem),
            (_, ExprKind::Field(base, _) | ExprKind::Index(base, _)) => self.in_map(base),
            (_, ExprKind::Global(_)) => true,
            _ => false,
        }
    }

    /// Whether the type is a lock, or has one in it: a kernel struct that a helper of its name takes.
    fn holds_lock(&self, ty: TypeId) -> bool {
        match self.module.types.get(ty) {
            Type::Array { element, .. } => self.holds_lock(*element),
            Type::Record(record) => {
                let record = &self.module.types.records[*record];
                let helper = self.registry.find_helper(&record.name);
                let is_lock = helper.is_some_and(|id| self.registry.helper(id).row.ended_by.is_some());
                // Of kernel structs only those that are locks themselves lie in maps.
                is_lock
                    || (record.origin == Origin::User && record.fields.iter().any(|f| self.holds_lock(f.ty)))
            }
            _ => false,
        }
    }

    pub(super) fn held(&mut self, function: &Function) {
        let mut regions = Vec::new();
        self.regions(&function.body, &mut regions);
        self.unlocked(function, &regions);
        for (span, body) in regions {
            let mut calls = Vec::new();
            self.calls_in(body, &mut calls);
            calls.sort_by_key(|(at, _): &(Span, String)| at.lo);
            calls.dedup();
            for (at, what) in calls {
                self.cx.emit(
                    Diagnostic::error("held-lock", format!("{what} is a call, and a lock is held"))
                        .at(at)
                        .label(span, "it is taken here")
                        .note("the kernel lets nothing be called until the lock is given back")
                        .help("do this before the `with`, or behind it"),
                );
            }
        }
    }

    /// Tells of calls for which a lock must be held: `bpf_spin_lock at off=0 must be held for bpf_list_head`.
    fn unlocked(&mut self, function: &Function, regions: &[(Span, &[Stmt])]) {
        let registry = self.registry;
        let needs = |block: &[Stmt]| {
            let mut found: Vec<(Span, &str)> = Vec::new();
            crate::walk::exprs(block, &mut |e| {
                if let ExprKind::Helper { helper, .. } = &e.kind {
                    let row = &registry.helper(*helper).row;
                    found.extend(row.under_lock.then_some((e.span, row.called())));
                }
            });
            found
        };
        let locked: Vec<(Span, &str)> = regions.iter().flat_map(|(_, body)| needs(body)).collect();
        for (span, name) in needs(&function.body).into_iter().filter(|call| !locked.contains(call)) {
            self.cx.emit(
                Diagnostic::error("held-lock", format!("`{name}` needs the lock of its map value"))
                    .at(span)
                    .help("put it into `with value.lock:`"),
            );
        }
    }

    /// The outermost bodies during which nothing may be called.
    fn regions<'s>(&self, block: &'s [Stmt], found: &mut Vec<(Span, &'s [Stmt])>) {
        for stmt in block {
            if let StmtKind::With {
                enter: Expr { kind: ExprKind::Helper { helper, .. }, span, .. },
                body,
                ..
            } = &stmt.kind
                && self.registry.helper(*helper).row.exclusive
            {
                found.push((*span, body));
                continue;
            }
            for inner in stmt.kind.blocks() {
                self.regions(inner, found);
            }
        }
    }

    fn calls_in(&self, block: &[Stmt], found: &mut Vec<(Span, String)>) {
        crate::walk::exprs(block, &mut |e| {
            if let Some(what) = self.call_made(e) {
                found.push((e.span, what));
            }
        });
        statements(block, found);
    }

    /// The call that an expression is, or becomes.
    fn call_made(&self, e: &Expr) -> Option<String> {
        let read = |base: &Expr| match self.module.types.get(base.ty) {
            Type::Ptr { region: Region::KernelUntrusted | Region::User, .. } => {
                Some("reading this memory".to_owned())
            }
            _ => None,
        };
        match &e.kind {
            ExprKind::Helper { helper, .. } => {
                let row = &self.registry.helper(*helper).row;
                (row.call != HelperCall::ByteSwap && !row.under_lock).then(|| format!("`{}`", row.name))
            }
            ExprKind::Call(id, _) => Some(format!("`{}`", self.module.functions[*id].name)),
            ExprKind::Print(..) => Some("`print`".to_owned()),
            ExprKind::Lookup(..) | ExprKind::Item(..) | ExprKind::Get(..) | ExprKind::Contains { .. } => {
                Some("looking into a map".to_owned())
            }
            ExprKind::Store(..) | ExprKind::Remove(..) => Some("changing a map".to_owned()),
            ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Deref(base) => read(base),
            _ => None,
        }
    }
}

/// The calls that statements become.
fn statements(block: &[Stmt], found: &mut Vec<(Span, String)>) {
    for stmt in block {
        let item = |p: &&Place| matches!(p.kind, PlaceKind::MapItem { .. });
        match &stmt.kind {
            StmtKind::Assign { places, .. } | StmtKind::Unpack { places, .. } => {
                let items = places.iter().filter(item);
                found.extend(items.map(|p| (p.span, "storing into a map".to_owned())));
            }
            StmtKind::Update { place, .. } if item(&place) => {
                found.push((place.span, "updating a map".to_owned()));
            }
            StmtKind::Delete { .. } => found.push((stmt.span, "deleting from a map".to_owned())),
            StmtKind::For { over: Over::Entries { .. }, .. } => {
                found.push((stmt.span, "going through a map".to_owned()));
            }
            _ => {}
        }
        for inner in stmt.kind.blocks() {
            statements(inner, found);
        }
    }
}
