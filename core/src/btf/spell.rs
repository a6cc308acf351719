//! A type as C spells it, for diagnostics.
//!
//! Promises what a C programmer recognises, on one line, of bounded length. Leaves out a function pointer's parameters
//! (`int (*)(...)`), `restrict`, type tags, and the members of anonymous types.

use super::{Btf, MAX_CHAIN, Type, TypeId};

impl Btf {
    /// The type in C: `struct task_struct *`, `const char *`, `char[16]`, `u32`.
    pub fn spell(&self, id: TypeId) -> String {
        // From the outermost type inwards: what stands right of the base type, and qualifiers not yet placed.
        let mut declarator = String::new();
        let mut qualifiers = String::new();
        let mut at = id;
        for _ in 0..MAX_CHAIN {
            let tagged = |tag: &str, name: &str| match name {
                "" => format!("{tag} {{...}}"),
                name => format!("{tag} {name}"),
            };
            let base = match self.get(at) {
                Type::Const(target) => {
                    qualifiers.push_str("const ");
                    at = target;
                    continue;
                }
                Type::Volatile(target) => {
                    qualifiers.push_str("volatile ");
                    at = target;
                    continue;
                }
                Type::Restrict(target) | Type::TypeTag { target, .. } => {
                    at = target;
                    continue;
                }
                Type::Ptr(target) => {
                    let inner = std::mem::take(&mut qualifiers) + &declarator;
                    let star = format!("*{}", inner.trim_end());
                    let suffixed = matches!(self.get(target), Type::Array(_) | Type::FuncProto(_));
                    declarator = if suffixed { format!("({star})") } else { star };
                    at = target;
                    continue;
                }
                Type::Array(array) => {
                    declarator = format!("{declarator}[{}]", array.len);
                    at = array.element;
                    continue;
                }
                Type::FuncProto(proto) => {
                    let nothing = proto.is_empty() && !proto.is_variadic();
                    declarator.push_str(if nothing { "(void)" } else { "(...)" });
                    at = proto.ret;
                    continue;
                }
                Type::Void => "void".to_owned(),
                Type::Int(int) => int.name.to_owned(),
                Type::Float { name, .. } | Type::Typedef { name, .. } => name.to_owned(),
                Type::Struct(record) => tagged("struct", record.name),
                Type::Union(record) => tagged("union", record.name),
                Type::Enum(item) => tagged("enum", item.name),
                Type::Fwd { name, union } => tagged(if union { "union" } else { "struct" }, name),
                Type::Func(function) => function.name.to_owned(),
                Type::Var(var) => var.name.to_owned(),
                Type::DataSec(section) => section.name.to_owned(),
                Type::DeclTag(tag) => tag.tag.to_owned(),
                Type::Invalid => break,
            };
            let space = if declarator.starts_with(['*', '(']) { " " } else { "" };
            return format!("{qualifiers}{base}{space}{declarator}");
        }
        "invalid type".to_owned()
    }
}
