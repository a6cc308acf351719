//! Debug info of types: what becomes BTF.
//!
//! Promises: one node for each type used and none for others; integer names are the kernel's own spellings, which
//! `bpf_core_types_are_compat` and `bpftool map dump` go by; records are definitions, never forward declarations
//! (libbpf: "incompatible types, expected fwd rq, but kernel has struct rq").
//! Leaves out: functions and variables.

use crate::text::{Metadata, Node, or_null, quoted, tuple};
use pbpf_core::entity::Entity;
use pbpf_core::mir;
use pbpf_core::types::{EnumId, Field, RecordId, RecordKind, Type, TypeId, Types};

/// The nodes made so far.
pub(crate) struct TypeNodes<'a> {
    types: &'a Types,
    of_type: Vec<Option<Node>>,
    of_record: Vec<Option<Node>>,
    of_enum: Vec<Option<Node>>,
    void_pointer: Option<Node>,
    char_type: Option<Node>,
}

impl<'a> TypeNodes<'a> {
    pub(crate) fn new(types: &'a Types) -> Self {
        Self {
            types,
            of_type: vec![None; types.len()],
            of_record: vec![None; types.records.len()],
            of_enum: vec![None; types.enums.len()],
            void_pointer: None,
            char_type: None,
        }
    }

    /// The node of a type; none for `void`.
    pub(crate) fn node(&mut self, md: &mut Metadata, id: TypeId) -> Option<Node> {
        if let Some(node) = self.of_type.get(id.index()).copied().flatten() {
            return Some(node);
        }
        let types = self.types;
        let node = match types.get(id) {
            Type::Void => return None,
            Type::Bool => md.add(basic("_Bool", 8, "DW_ATE_boolean")),
            Type::Int { bits, signed } => {
                let (name, encoding) = int_name(*bits, *signed);
                md.add(basic(name, u32::from(*bits), encoding))
            }
            Type::Ptr { to, .. } if *to == types.void() => self.void_pointer(md),
            Type::Kptr(to) => {
                let to = self.node(md, *to);
                md.add(kptr(to))
            }
            Type::GraphRoot { kind, .. } => {
                let word = self.node(md, types.int(64, false));
                let words = md.add(array(word, 16, 2));
                let member = md.add(member("__opaque", Some(words), 128, 0, None));
                md.add(composite("structure", kind.root(), 128, &[member.to_string()]))
            }
            // A handle of a map: no type of C.
            Type::Map(_) => return None,
            Type::Ptr { to, .. } => {
                let to = self.node(md, *to);
                md.add(pointer(to))
            }
            Type::Array { element, len } => {
                let size = u64::from(types.size_of(*element)) * u64::from(*len);
                let element = self.node(md, *element);
                md.add(array(element, size, *len))
            }
            Type::Str { len } => {
                let char_type = self.char_type(md);
                md.add(array(Some(char_type), u64::from(*len), *len))
            }
            Type::Record(record) => self.record(md, *record),
            Type::Enum(e) => self.enumeration(md, *e),
            Type::Func { params, ret } => {
                let ret = self.node(md, *ret);
                let params: Vec<_> = params.iter().map(|(_, ty)| self.node(md, *ty)).collect();
                md.add(subroutine(ret, &params))
            }
        };
        self.of_type[id.index()] = Some(node);
        Some(node)
    }

    /// The node of a struct or union.
    pub(crate) fn record(&mut self, md: &mut Metadata, id: RecordId) -> Node {
        if let Some(node) = self.of_record[id.index()] {
            return node;
        }
        let record = &self.types.records[id];
        let fields: Vec<String> = record.fields.iter().map(|f| self.field(md, f).to_string()).collect();
        let tag = match record.kind {
            RecordKind::Struct => "structure",
            RecordKind::Union => "union",
        };
        let node = md.add(composite(tag, &record.name, u64::from(record.size) * 8, &fields));
        self.of_record[id.index()] = Some(node);
        node
    }

    fn field(&mut self, md: &mut Metadata, field: &Field) -> Node {
        let size = field.bit_size.unwrap_or(self.types.size_of(field.ty) * 8);
        let base = self.inside(md, field.ty);
        let storage = (self.types.size_of(field.ty) * 8).max(1);
        let bits = field.bit_size.map(|_| field.bit_offset / storage * storage);
        let node = member(&field.name, base, u64::from(size), u64::from(field.bit_offset), bits);
        let Type::GraphRoot { record, node: of, .. } = self.types.get(field.ty) else { return md.add(node) };
        // Without it the kernel refuses the BTF of the object, and says so where the map is made.
        let contains = format!("contains:{}:{of}", self.types.records[*record].name);
        let tag = quoted(&contains);
        let tagged = format!(", annotations: !{{!{{!\"btf_decl_tag\", !{tag}}}}})");
        md.add(node.strip_suffix(')').unwrap_or(&node).to_owned() + &tagged)
    }

    /// The node of a type as a field has it: what pointers point to is left out. LLVM would write forward declarations of
    /// it, in the order of their addresses in this process; nobody needs it, libbpf takes any pointer for any other.
    fn inside(&mut self, md: &mut Metadata, id: TypeId) -> Option<Node> {
        match self.types.get(id) {
            Type::Ptr { .. } => Some(self.void_pointer(md)),
            Type::Array { element, len } => {
                let size = u64::from(self.types.size_of(*element)) * u64::from(*len);
                let (element, len) = (*element, *len);
                let element = self.inside(md, element);
                Some(md.add(array(element, size, len)))
            }
            _ => self.node(md, id),
        }
    }

    /// The node of an enum.
    pub(crate) fn enumeration(&mut self, md: &mut Metadata, id: EnumId) -> Node {
        if let Some(node) = self.of_enum[id.index()] {
            return node;
        }
        let e = &self.types.enums[id];
        let (name, encoding) = int_name((e.size * 8) as u8, e.signed);
        let base = md.add(basic(name, e.size * 8, encoding));
        let variants = e.variants.iter().map(|(name, value)| {
            let (value, unsigned) = if e.signed {
                (value.to_string(), "")
            } else {
                ((*value as u64).to_string(), ", isUnsigned: true")
            };
            format!("!DIEnumerator(name: {}, value: {value}{unsigned})", quoted(name))
        });
        let node = md.add(format_args!(
            "!DICompositeType(tag: DW_TAG_enumeration_type{}, baseType: {base}, size: {}, elements: {})",
            named(&e.name),
            e.size * 8,
            tuple(variants)
        ));
        self.of_enum[id.index()] = Some(node);
        node
    }

    /// `void *`.
    pub(crate) fn void_pointer(&mut self, md: &mut Metadata) -> Node {
        *self.void_pointer.get_or_insert_with(|| md.add(pointer(None)))
    }

    fn char_type(&mut self, md: &mut Metadata) -> Node {
        *self.char_type.get_or_insert_with(|| md.add(basic("char", 8, "DW_ATE_signed_char")))
    }

    /// The node of a machine type, for results, which have no other.
    pub(crate) fn machine(&mut self, md: &mut Metadata, ty: mir::Type) -> Option<Node> {
        match ty {
            mir::Type::Ptr { .. } => Some(self.void_pointer(md)),
            mir::Type::I1 => self.node(md, self.types.bool()),
            int => self.node(md, self.types.int(int.bits() as u8, true)),
        }
    }
}

/// The kernel's spelling of an integer type, and its encoding.
fn int_name(bits: u8, signed: bool) -> (&'static str, &'static str) {
    match (bits, signed) {
        (8, true) => ("signed char", "DW_ATE_signed_char"),
        (8, false) => ("unsigned char", "DW_ATE_unsigned_char"),
        (16, true) => ("short int", "DW_ATE_signed"),
        (16, false) => ("short unsigned int", "DW_ATE_unsigned"),
        (32, true) => ("int", "DW_ATE_signed"),
        (32, false) => ("unsigned int", "DW_ATE_unsigned"),
        (_, true) => ("long int", "DW_ATE_signed"),
        (_, false) => ("long unsigned int", "DW_ATE_unsigned"),
    }
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(", name: {}", quoted(name)) }
}

fn basic(name: &str, bits: u32, encoding: &str) -> String {
    format!("!DIBasicType(name: {}, size: {bits}, encoding: {encoding})", quoted(name))
}

/// A pointer.
pub(crate) fn pointer(to: Option<Node>) -> String {
    format!("!DIDerivedType(tag: DW_TAG_pointer_type, baseType: {}, size: 64)", or_null(to))
}

/// A pointer to an object that its memory owns: `R1 has no valid kptr`, says the verifier of one without the tag.
fn kptr(to: Option<Node>) -> String {
    format!(
        "!DIDerivedType(tag: DW_TAG_pointer_type, baseType: {}, size: 64, annotations: !{{!{{!\"btf_type_tag\", !\"kptr\"}}}})",
        or_null(to)
    )
}

/// An array of `len` elements that takes `size` bytes.
pub(crate) fn array(element: Option<Node>, size: u64, len: u32) -> String {
    format!(
        "!DICompositeType(tag: DW_TAG_array_type, baseType: {}, size: {}, elements: !{{!DISubrange(count: {len})}})",
        or_null(element),
        size * 8
    )
}

/// A member; sizes and offsets in bits. `storage` is the offset of the unit that holds a bitfield.
pub(crate) fn member(name: &str, base: Option<Node>, size: u64, offset: u64, storage: Option<u32>) -> String {
    let bits = storage.map_or_else(String::new, |s| format!(", flags: DIFlagBitField, extraData: i64 {s}"));
    format!(
        "!DIDerivedType(tag: DW_TAG_member{}, baseType: {}, size: {size}, offset: {offset}{bits})",
        named(name),
        or_null(base)
    )
}

/// A `structure` or `union` of `size` bits.
pub(crate) fn composite(tag: &str, name: &str, size: u64, members: &[String]) -> String {
    format!(
        "!DICompositeType(tag: DW_TAG_{tag}_type{}, size: {size}, elements: {})",
        named(name),
        tuple(members.iter().cloned())
    )
}

/// A function type.
pub(crate) fn subroutine(ret: Option<Node>, params: &[Option<Node>]) -> String {
    let all = std::iter::once(ret).chain(params.iter().copied());
    format!("!DISubroutineType(types: {})", tuple(all.map(or_null)))
}
