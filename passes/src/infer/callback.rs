//! Functions that helpers call back: their parameters are what the helper's row says.
//!
//! Promises: keys and values are those of the map in the call, an object is the one that was handed over. Leaves out: how many
//! parameters there must be, and what may be returned (`check`).

use super::Infer_;
use pbpf_core::hir::{Expr, ExprKind, FuncId, FunctionKind, Local, MapId};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::{ArgumentKind, CallbackSignature, Helper};
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// Types the functions among the arguments of a helper, which calls them back with what its row says.
    pub(super) fn callbacks(&mut self, helper: HelperId, args: &mut [Option<Expr>]) {
        let registry = self.cx.registry;
        let row = &registry.helper(helper).row;
        let func = {
            let void = self.module.types.void();
            self.module.types.ptr(void, Region::Func, false)
        };
        for (at, arg) in row.args.iter().enumerate() {
            let ArgumentKind::Callback(signature) = &arg.kind else { continue };
            let Some(Some(Expr { kind: ExprKind::Function(id), .. })) = args.get(at) else { continue };
            let template = self.template(*id);
            let id = self.callback(row, signature, template, args);
            if !self.recursive.contains(&template) {
                self.function(id);
            }
            if let Some(Some(expr)) = args.get_mut(at) {
                expr.kind = ExprKind::Function(id);
                expr.ty = func;
            }
        }
    }

    fn callback(
        &mut self,
        row: &Helper,
        signature: &CallbackSignature,
        template: FuncId,
        args: &[Option<Expr>],
    ) -> FuncId {
        let function = &self.module.functions[template];
        if function.kind != FunctionKind::Subprogram {
            return template;
        }
        let locals: Vec<Local> = function.params.iter().map(|p| function.locals[*p].clone()).collect();
        // The row decides on every parameter, so each has a type of its own here.
        self.instances.templates.entry(template).or_insert_with(|| function.clone());
        let map = self.map_among(row, args);
        let mut params = Vec::with_capacity(locals.len());
        for (local, (_, kind)) in locals.iter().zip(&signature.params) {
            params.push(self.handed(local, kind, row, args, map));
        }
        params.resize(locals.len(), self.module.types.void());
        self.instantiate(template, params)
    }

    /// The type of a callback's parameter.
    fn handed(
        &mut self,
        local: &Local,
        kind: &ArgumentKind,
        row: &Helper,
        args: &[Option<Expr>],
        map: Option<MapId>,
    ) -> TypeId {
        let void = self.module.types.void();
        let item = |this: &Self, key: bool| {
            let map = &this.module.maps[map?];
            if key { map.key } else { map.value }
        };
        match kind {
            ArgumentKind::Scalar(name) if local.ty == void => {
                let (bits, signed) = pbpf_core::rows::c_int(name).unwrap_or((64, true));
                self.module.types.int(bits, signed)
            }
            ArgumentKind::Scalar(_) => local.ty,
            ArgumentKind::Map(_) => self.module.types.ptr(void, Region::Map, false),
            ArgumentKind::MapKey | ArgumentKind::MapValue => {
                let to = item(self, *kind == ArgumentKind::MapKey).unwrap_or(void);
                self.module.types.ptr(to, Region::MapValue, false)
            }
            ArgumentKind::Kernel(records) => {
                match self.kernel_record(records.split(" | ").next().unwrap_or(records), local.span) {
                    Some(record) => {
                        let to = self.module.types.intern(Type::Record(record));
                        self.module.types.ptr(to, Region::Kernel, false)
                    }
                    None => local.ty,
                }
            }
            ArgumentKind::GraphNode(of) => {
                let root = row.args.iter().position(|a| a.name == *of).and_then(|at| args.get(at)?.as_ref());
                match root.and_then(|root| crate::kernel::graph_root(&self.module.types, root)) {
                    Some(record) => {
                        let to = self.module.types.intern(Type::Record(record));
                        self.module.types.ptr(to, Region::Mem, false)
                    }
                    None => local.ty,
                }
            }
            ArgumentKind::Object(_) => {
                let given = row.args.iter().zip(args).find_map(|(a, e)| match (&a.kind, e) {
                    (ArgumentKind::Object(_), Some(e)) => Some(e),
                    _ => None,
                });
                match given {
                    Some(e) if !matches!(e.kind, ExprKind::Int(_) | ExprKind::None) => {
                        match *self.module.types.get(e.ty) {
                            Type::Ptr { .. } => e.ty,
                            _ => {
                                let region = self.region_of(e);
                                self.module.types.ptr(e.ty, region, false)
                            }
                        }
                    }
                    // Nothing is handed over: the number 0.
                    _ => self.module.types.int(64, true),
                }
            }
            _ => local.ty,
        }
    }

    /// The map of a helper's call: an argument, or the one whose values hold the object that is one.
    fn map_among(&self, row: &Helper, args: &[Option<Expr>]) -> Option<MapId> {
        let named = args.iter().flatten().find_map(|e| crate::kernel::map_of(&self.module.types, e));
        if named.is_some() {
            return named;
        }
        let record = row.args.iter().zip(args).find_map(|(arg, e)| {
            match (&arg.kind, e.as_ref().map(|e| &e.kind)) {
                (ArgumentKind::Object(_), Some(ExprKind::Field(base, _))) => {
                    Some(match *self.module.types.get(base.ty) {
                        Type::Ptr { to, .. } => to,
                        _ => base.ty,
                    })
                }
                _ => None,
            }
        })?;
        self.module.maps.iter().find(|(_, m)| m.value == Some(record)).map(|(id, _)| id)
    }
}
