//! Declarations of kernel functions.
//!
//! Promises: the prototype of the kernel that the program is compiled for, or the row's where its types are not at hand. Leaves out: the
//! calls.

use super::Lowering;
use pbpf_core::mir::{self, Type};
use pbpf_core::rows::{ArgumentKind, Helper, ResultKind, c_int};
use pbpf_core::types::{Region, Type as T, TypeId, Types};

impl Lowering<'_, '_> {
    /// The declaration of a kfunc, from its row.
    pub(super) fn kfunc(&mut self, row: &Helper, result: Option<Type>) -> mir::ExternId {
        if let Some((id, _)) = self.module.externs.iter().find(|(_, e)| e.name == row.name) {
            return id;
        }
        let (mut params, mut ret) = self.row_prototype(row, result);
        self.as_the_kernel(row, &mut params, &mut ret);
        let ty = self.module.types.intern(T::Func { params, ret });
        self.module.externs.push(mir::Extern {
            name: row.name.clone(),
            ty,
            kind: mir::ExternKind::Function,
            weak: false,
        })
    }

    /// Takes pointers and enums as the kernel's BTF has them, against which libbpf holds ours when the object is loaded: "func_proto
    /// incompatible with vmlinux". Integers are all alike to it, and not as wide in each kernel.
    fn as_the_kernel(&mut self, row: &Helper, params: &mut [(String, TypeId)], ret: &mut TypeId) {
        let kernel = self.cx.kernel;
        let Ok(btf) = kernel.btf() else { return };
        let Some(proto) = btf.function(&row.name).map(|f| f.proto) else { return };
        if proto.params().count() != params.len() {
            return;
        }
        let types = &mut self.module.types;
        let mut take = |own: &mut TypeId, id| {
            if let Some(callback) = crate::kernel::function_pointer(types, btf, id) {
                *own = callback;
                return;
            }
            let ty = crate::kernel::import(types, btf, id);
            match *types.get(ty) {
                // In what address space a pointer is the row knows.
                T::Ptr { to, .. } => match *types.get(*own) {
                    T::Ptr { region: Region::Arena, nullable, .. } => {
                        *own = types.ptr(to, Region::Arena, nullable);
                    }
                    _ => *own = types.ptr(to, Region::Kernel, false),
                },
                T::Enum(_) => *own = ty,
                _ => {}
            }
        };
        for ((_, own), param) in params.iter_mut().zip(proto.params()) {
            take(own, param.ty);
        }
        take(ret, proto.ret);
    }

    /// The prototype as the row tells it.
    fn row_prototype(&mut self, row: &Helper, result: Option<Type>) -> (Vec<(String, TypeId)>, TypeId) {
        let types = &mut self.module.types;
        let void = types.void();
        let mut params = Vec::with_capacity(row.args.len());
        for arg in &row.args {
            let ty = match &arg.kind {
                ArgumentKind::Scalar(name) if name == "bool" => types.bool(),
                ArgumentKind::Scalar(name) => {
                    let (bits, signed) = c_int(name).unwrap_or((64, true));
                    types.int(bits, signed)
                }
                ArgumentKind::SizeOf(_) => types.int(32, false),
                ArgumentKind::TypeId => types.int(64, false),
                ArgumentKind::Arena => types.ptr(void, Region::Arena, true),
                ArgumentKind::Kernel(records) => {
                    // Of several the first is the kernel's own.
                    let record = records.split(" | ").next().unwrap_or(records);
                    let record = crate::kernel::opaque(types, record);
                    let to = types.intern(T::Record(record));
                    types.ptr(to, Region::Kernel, false)
                }
                _ => {
                    let to = arg.points_to.as_deref().map_or(void, |to| pointee(types, to));
                    types.ptr(to, Region::Kernel, false)
                }
            };
            params.push((arg.name.clone(), ty));
        }
        let ret = match &row.returns.kind {
            ResultKind::Void => void,
            ResultKind::Kernel(record) | ResultKind::KernelUntrusted(record) => {
                let record = crate::kernel::opaque(types, record);
                let to = types.intern(T::Record(record));
                types.ptr(to, Region::Kernel, row.returns.nullable)
            }
            ResultKind::Scalar(name) if name == "bool" => types.bool(),
            ResultKind::Scalar(name) => {
                let (bits, signed) = c_int(name).unwrap_or((64, true));
                types.int(bits, signed)
            }
            _ => match result {
                Some(Type::Ptr { region, nullable }) => types.ptr(void, region, nullable),
                _ => types.int(64, true),
            },
        };
        (params, ret)
    }
}

/// What a row says that a pointer is to.
fn pointee(types: &mut Types, spelled: &str) -> TypeId {
    match (spelled.strip_prefix("struct "), c_int(spelled)) {
        (Some(record), _) => {
            let record = crate::kernel::opaque(types, record);
            types.intern(T::Record(record))
        }
        (None, _) if spelled == "bool" => types.bool(),
        (None, Some((bits, signed))) => types.int(bits, signed),
        (None, None) => types.void(),
    }
}
