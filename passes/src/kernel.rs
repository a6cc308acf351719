//! Brings types of the kernel's BTF into a module's table, as much of them as is used.
//!
//! Promises: a record is added once, by name; a field when it is asked for, with the anonymous members on the way.
//! Leaves out: relocation; the offsets are those of the BTF at hand.

use pbpf_core::btf::{self, Btf, Kind};
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::mir::{FieldStep, MapId};
use pbpf_core::types::{
    Enum, EnumId, Field, Origin, Record, RecordId, RecordKind, Region, Type, TypeId, Types,
};

/// The map that an expression is, or the one that says how the inner map behind it is made.
pub(crate) fn map_of(types: &Types, expr: &Expr) -> Option<MapId> {
    match (&expr.kind, types.get(expr.ty)) {
        (ExprKind::Map(map), _) => Some(*map),
        (_, Type::Ptr { to, region: Region::Map, .. }) => match types.get(*to) {
            Type::Map(map) => Some(*map),
            _ => None,
        },
        _ => None,
    }
}

/// The kernel record of that name, added without fields if it is new.
pub(crate) fn record(types: &mut Types, btf: &Btf, name: &str) -> Option<RecordId> {
    if let Some(found) = find(types, name) {
        return Some(found);
    }
    let id = btf.find(name, Kind::Struct).or_else(|| btf.find(name, Kind::Union)).or_else(|| {
        let alias = btf.resolve(btf.find(name, Kind::Typedef)?);
        matches!(btf.get(alias), btf::Type::Struct(_) | btf::Type::Union(_)).then_some(alias)
    })?;
    Some(add(types, btf, id, name))
}

/// The kernel record of that name, if the table has it; the program may have one of the same name.
fn find(types: &Types, name: &str) -> Option<RecordId> {
    types.records.iter().find(|(_, r)| r.name == name && r.origin == Origin::Kernel).map(|(id, _)| id)
}

fn add(types: &mut Types, btf: &Btf, id: btf::TypeId, name: &str) -> RecordId {
    let (kind, size) = match btf.get(id) {
        btf::Type::Union(r) => (RecordKind::Union, r.size),
        btf::Type::Struct(r) => (RecordKind::Struct, r.size),
        _ => (RecordKind::Struct, 0),
    };
    types.records.push(Record {
        name: name.to_owned(),
        kind,
        origin: Origin::Kernel,
        size,
        // BTF has no alignment; what is read by an aligned load is aligned by its own type.
        align: if size % 8 == 0 { 8 } else { 1 },
        fields: Vec::new(),
        span: None,
    })
}

/// The BTF type of a record of the table, if it has a name.
fn btf_id(types: &Types, btf: &Btf, record: RecordId) -> Option<btf::TypeId> {
    let name = &types.records[record].name;
    btf.find(name, Kind::Struct)
        .or_else(|| btf.find(name, Kind::Union))
        .or_else(|| btf.find(name, Kind::Typedef).map(|id| btf.resolve(id)))
}

/// What is known of a field.
#[derive(Clone, Debug)]
pub(crate) struct FieldInfo {
    /// The type.
    pub(crate) ty: TypeId,
}

/// The field of a record, whatever its origin; a kernel record gets it added from BTF.
pub(crate) fn field(types: &mut Types, btf: Option<&Btf>, record: RecordId, name: &str) -> Option<FieldInfo> {
    if let Some(found) = known_field(types, record, name) {
        return Some(found);
    }
    if types.records[record].origin != Origin::Kernel {
        return None;
    }
    let btf = btf?;
    let id = btf_id(types, btf, record)?;
    let path = btf.member(id, name)?;
    add_path(types, btf, record, &path.steps);
    known_field(types, record, name)
}

/// A field that the table already has, also behind anonymous members.
fn known_field(types: &Types, record: RecordId, name: &str) -> Option<FieldInfo> {
    types.find_field(record, name).map(|(_, f)| FieldInfo { ty: f.ty })
}

/// Adds the members on the way to a field, anonymous ones included.
fn add_path(types: &mut Types, btf: &Btf, mut record: RecordId, steps: &[btf::MemberStep]) {
    for step in steps {
        let (btf::Type::Struct(source) | btf::Type::Union(source)) = btf.get(step.record) else { return };
        let Some(member) = source.member(step.index as usize) else { return };
        let name = member.name.to_owned();
        let position = step.index;
        let existing =
            types.records[record].fields.iter().position(|f| f.index == position && f.name == name);
        let at = match existing {
            Some(at) => at,
            None => {
                let ty = import(types, btf, member.ty);
                if is_network(btf, member.ty) {
                    types.network.insert((record, name.clone()));
                }
                let field = Field {
                    name,
                    ty,
                    bit_offset: u32::try_from(member.bit_offset).unwrap_or(u32::MAX),
                    bit_size: member.bitfield,
                    index: position,
                };
                let fields = &mut types.records[record].fields;
                let at =
                    fields.partition_point(|f| (f.bit_offset, f.index) < (field.bit_offset, field.index));
                fields.insert(at, field);
                at
            }
        };
        match types.get(types.records[record].fields[at].ty) {
            Type::Record(inner) => record = *inner,
            _ => return,
        }
    }
}

/// The names of the fields of a record, for suggestions.
pub(crate) fn field_names(types: &Types, btf: Option<&Btf>, record: RecordId) -> Vec<String> {
    let own = types.records[record].fields.iter().map(|f| f.name.clone()).filter(|n| !n.is_empty());
    let mut names: Vec<String> = own.collect();
    if types.records[record].origin == Origin::Kernel
        && let Some(btf) = btf
        && let Some(id) = btf_id(types, btf, record)
    {
        names.extend(btf.members(id).iter().map(|m| m.name.to_owned()));
    }
    names
}

/// The table's type for a BTF type. Pointers are plain addresses; a trusted base makes what is loaded from it trusted.
/// Anonymous records are taken whole, as they cannot be found again by name.
pub(crate) fn import(types: &mut Types, btf: &Btf, id: btf::TypeId) -> TypeId {
    import_depth(types, btf, id, 0)
}

fn import_depth(types: &mut Types, btf: &Btf, id: btf::TypeId, depth: u32) -> TypeId {
    let resolved = btf.resolve(id);
    match btf.get(resolved) {
        btf::Type::Int(int) if int.bool => types.bool(),
        btf::Type::Int(int) => {
            types.int(u8::try_from(int.size * 8).unwrap_or(64).min(64), int.signed || int.char)
        }
        btf::Type::Enum(e) => {
            let known = types
                .enums
                .iter()
                .find(|(_, known)| !e.name.is_empty() && known.name == e.name)
                .map(|(id, _)| id);
            let id = known.unwrap_or_else(|| {
                types.enums.push(pbpf_core::types::Enum {
                    name: e.name.to_owned(),
                    size: e.size,
                    signed: e.signed,
                    variants: Vec::new(),
                })
            });
            types.intern(Type::Enum(id))
        }
        btf::Type::Ptr(target) => {
            let region = region_behind(btf, target);
            let inner = btf.resolve(target);
            let to = match btf.get(inner) {
                btf::Type::Struct(r) | btf::Type::Union(r) if !r.name.is_empty() => {
                    let record = find(types, r.name).unwrap_or_else(|| add(types, btf, inner, r.name));
                    types.intern(Type::Record(record))
                }
                btf::Type::Int(_) | btf::Type::Enum(_) => import_depth(types, btf, inner, depth + 1),
                btf::Type::Ptr(_) if depth < 3 => import_depth(types, btf, inner, depth + 1),
                _ => types.void(),
            };
            types.ptr(to, region, false)
        }
        btf::Type::Array(array) => {
            let is_char = matches!(btf.get(btf.resolve(array.element)), btf::Type::Int(int) if int.size == 1 && (int.char || int.name == "char"));
            // A flexible array of characters has no length to be text of.
            if is_char && array.len > 0 {
                return types.intern(Type::Str { len: array.len });
            }
            let element = import_depth(types, btf, array.element, depth + 1);
            types.intern(Type::Array { element, len: array.len })
        }
        btf::Type::Struct(r) | btf::Type::Union(r) if !r.name.is_empty() => {
            let record = find(types, r.name).unwrap_or_else(|| add(types, btf, resolved, r.name));
            types.intern(Type::Record(record))
        }
        btf::Type::Struct(r) | btf::Type::Union(r) => {
            let record = add(types, btf, resolved, "");
            if depth < 8 {
                for (index, member) in r.members().enumerate() {
                    let ty = import_depth(types, btf, member.ty, depth + 1);
                    if is_network(btf, member.ty) {
                        types.network.insert((record, member.name.to_owned()));
                    }
                    types.records[record].fields.push(Field {
                        name: member.name.to_owned(),
                        ty,
                        bit_offset: u32::try_from(member.bit_offset).unwrap_or(u32::MAX),
                        bit_size: member.bitfield,
                        index: index as u32,
                    });
                }
            }
            types.intern(Type::Record(record))
        }
        _ => types.void(),
    }
}

/// Whether the kernel declares numbers of the type, or those of an array, to be in network byte order: BTF keeps the names of
/// typedefs.
fn is_network(btf: &Btf, mut id: btf::TypeId) -> bool {
    for _ in 0..8 {
        id = match btf.get(id) {
            btf::Type::Typedef { name: "__be16" | "__be32" | "__be64", .. } => return true,
            btf::Type::Typedef { target, .. }
            | btf::Type::TypeTag { target, .. }
            | btf::Type::Const(target)
            | btf::Type::Volatile(target) => target,
            btf::Type::Array(array) => array.element,
            _ => return false,
        };
    }
    false
}

/// The pointer to a function that a type of the kernel is, if it is one.
pub(crate) fn function_pointer(types: &mut Types, btf: &Btf, id: btf::TypeId) -> Option<TypeId> {
    let btf::Type::Ptr(target) = btf.get(btf.resolve(id)) else { return None };
    let btf::Type::FuncProto(proto) = btf.get(btf.resolve(target)) else { return None };
    let params = proto.params().map(|p| (p.name.to_owned(), import(types, btf, p.ty))).collect();
    let ret = import(types, btf, proto.ret);
    let func = types.intern(Type::Func { params, ret });
    Some(types.ptr(func, Region::Func, false))
}

/// Why a text leads to no field.
pub(crate) enum NoWay {
    /// It is no names with dots between, or leads through what is no record or array.
    Shape,
    /// The record has no such field.
    Missing(RecordId, String),
}

/// The way to a field by the names in `text` (`a.b[2].c`), through members that lie inside, and its type.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn path(
    types: &mut Types,
    btf: Option<&Btf>,
    record: RecordId,
    text: &str,
) -> Result<(Vec<FieldStep>, TypeId), NoWay> {
    let (mut steps, mut at) = (Vec::new(), types.intern(Type::Record(record)));
    for part in text.split('.') {
        let (name, indices) = part.split_once('[').map_or((part, None), |(name, rest)| (name, Some(rest)));
        let Type::Record(record) = *types.get(at) else { return Err(NoWay::Shape) };
        let found = field(types, btf, record, name).ok_or_else(|| NoWay::Missing(record, name.to_owned()))?;
        steps.push(FieldStep::Field(name.to_owned()));
        at = found.ty;
        for index in indices.iter().flat_map(|rest| rest.split('[')) {
            let index: u32 = index.strip_suffix(']').and_then(|n| n.parse().ok()).ok_or(NoWay::Shape)?;
            at = match *types.get(at) {
                Type::Array { element, len } if len == 0 || index < len => element,
                _ => return Err(NoWay::Shape),
            };
            steps.push(FieldStep::Index(index));
        }
    }
    Ok((steps, at))
}

/// The enum of the kernel of that name.
pub(crate) fn enumeration(types: &mut Types, btf: &Btf, name: &str) -> Option<EnumId> {
    let ty = import(types, btf, btf.find(name, Kind::Enum)?);
    match types.get(ty) {
        Type::Enum(id) => Some(*id),
        _ => None,
    }
}

/// Whether the enum has an enumerator of that name, which is then in the table.
pub(crate) fn enumerator(types: &mut Types, btf: &Btf, id: EnumId, name: &str) -> bool {
    let owner = &types.enums[id];
    if owner.variants.iter().any(|(known, _)| known == name) {
        return true;
    }
    let Some(source) = btf.find(&owner.name, Kind::Enum) else { return false };
    let Some(found) = btf.enumerators(source).find(|v| v.name == name) else { return false };
    // The 64 bits of the value, whatever its sign.
    types.enums[id].variants.push((name.to_owned(), found.value as i64));
    true
}

/// The type of options that are off, on, or a module: libbpf knows it by its name.
pub(crate) fn tristate(types: &mut Types) -> TypeId {
    let name = "libbpf_tristate";
    let known = types.enums.iter().find(|(_, e)| e.name == name).map(|(id, _)| id);
    let id = known.unwrap_or_else(|| {
        let variants = [("TRI_NO", 0), ("TRI_YES", 1), ("TRI_MODULE", 2)];
        types.enums.push(Enum {
            name: name.to_owned(),
            size: 4,
            signed: false,
            variants: variants.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        })
    });
    types.intern(Type::Enum(id))
}

/// Whether each CPU has a variable of its own.
pub(crate) fn is_per_cpu(btf: &Btf, variable: btf::TypeId) -> bool {
    // `.data..percpu`, in kernels from 6.15 on `.data..percpu..` and a name.
    btf.names(Kind::DataSec).filter(|(name, _)| name.starts_with(".data..percpu")).any(|(_, id)| {
        matches!(btf.get(id), btf::Type::DataSec(section) if section.vars().any(|v| v.var == variable))
    })
}

/// Where an object is that is no pointer: where the pointer points that leads to it.
pub(crate) fn region_of(types: &Types, expr: &Expr) -> Option<Region> {
    match &expr.kind {
        ExprKind::Field(base, _) | ExprKind::Deref(base) => behind(types, base),
        ExprKind::Index(base, index) => element_region(types, base, index),
        _ => None,
    }
}

/// Where an element is. The verifier follows no variable index and nothing past the type that it knows, so what is there is
/// read as from a plain address.
pub(crate) fn element_region(types: &Types, base: &Expr, index: &Expr) -> Option<Region> {
    let followed = match (types.get(base.ty), &index.kind) {
        (Type::Ptr { .. }, ExprKind::Int(at)) => *at == 0,
        (_, ExprKind::Int(_)) => true,
        _ => false,
    };
    match behind(types, base) {
        Some(Region::Kernel) if !followed => Some(Region::KernelUntrusted),
        region => region,
    }
}

/// Where what is behind an expression is. A trusted pointer that may be null is one to test; within a way, where nobody can,
/// it is a plain address, behind which null reads as zero. What the context hands over has no address of its own.
pub(crate) fn behind(types: &Types, base: &Expr) -> Option<Region> {
    match types.get(base.ty) {
        Type::Ptr { region: Region::Kernel, nullable: true, .. }
            if !matches!(base.kind, ExprKind::Local(_) | ExprKind::Walrus(..))
                && !is_handed_over(types, base) =>
        {
            Some(Region::KernelUntrusted)
        }
        Type::Ptr { region, .. } => Some(*region),
        _ => region_of(types, base),
    }
}

/// What a field holds that is a `Kptr`.
pub(crate) fn kptr(types: &Types, expr: &Expr) -> Option<TypeId> {
    let base = |e: &Expr| match *types.get(e.ty) {
        Type::Ptr { to, .. } => to,
        _ => e.ty,
    };
    let ty = match &expr.kind {
        ExprKind::Field(of, name) => match types.get(base(of)) {
            Type::Record(record) => types.find_field(*record, name)?.1.ty,
            _ => return None,
        },
        ExprKind::Index(of, _) => types.element(of.ty)?.0,
        _ => return None,
    };
    match *types.get(ty) {
        Type::Kptr(to) => Some(to),
        _ => None,
    }
}

/// What a field leads to that is the root of a list or a tree.
pub(crate) fn graph_root(types: &Types, expr: &Expr) -> Option<RecordId> {
    match *types.get(expr.ty) {
        Type::GraphRoot { record, .. } => Some(record),
        _ => None,
    }
}

/// Whether an expression is a field of the context.
fn is_handed_over(types: &Types, expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Field(base, _)
        if matches!(types.get(base.ty), Type::Ptr { region: Region::Ctx, .. }))
}

/// Where a pointer of the kernel's points, by the tag of its target.
fn region_behind(btf: &Btf, mut id: btf::TypeId) -> Region {
    for _ in 0..8 {
        match btf.get(id) {
            btf::Type::TypeTag { tag: "user", .. } => return Region::User,
            btf::Type::TypeTag { tag: "percpu", .. } => return Region::PerCpu,
            btf::Type::TypeTag { target: inner, .. }
            | btf::Type::Const(inner)
            | btf::Type::Volatile(inner) => id = inner,
            _ => break,
        }
    }
    Region::KernelUntrusted
}

/// A kernel record of which only the name is known: pointers to it can be handed on.
pub(crate) fn opaque(types: &mut Types, name: &str) -> RecordId {
    find(types, name).unwrap_or_else(|| {
        types.records.push(Record {
            name: name.to_owned(),
            kind: RecordKind::Struct,
            origin: Origin::Kernel,
            size: 0,
            align: 1,
            fields: Vec::new(),
            span: None,
        })
    })
}
