//! A module: one object file.
//!
//! Promises: order of the tables is the order in the object. Leaves out: code, which is in [`Function`].

use super::{Function, Type};
use crate::entity;
use crate::entity::Table;
use crate::source::Span;
use crate::types::{TypeId, Types};

entity! {
    /// A function of a module.
    FuncId, "fn"
}
entity! {
    /// A map of a module.
    MapId, "map"
}
entity! {
    /// A global variable of a module.
    GlobalId, "global"
}
entity! {
    /// A function or variable of the kernel that the module names.
    ExternId, "extern"
}

/// One object file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Module {
    /// Names of the source files; the [`FileId`](crate::source::FileId) of a span is a position here.
    pub files: Vec<String>,
    /// The text of section `license`; without it GPL-only helpers are refused.
    pub license: Option<String>,
    /// Types of maps, globals, externs and kernel records.
    pub types: Types,
    /// Maps.
    pub maps: Table<MapId, Map>,
    /// Global variables and constant data.
    pub globals: Table<GlobalId, Global>,
    /// Kernel functions called, kernel variables, and options of the kernel's configuration.
    pub externs: Table<ExternId, Extern>,
    /// struct_ops variables.
    pub struct_ops: Vec<StructOps>,
    /// Functions.
    pub functions: Table<FuncId, Function>,
}

/// A BTF-defined map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// The name.
    pub name: String,
    /// `BPF_MAP_TYPE_*` without the prefix, in lower case (`hash`, `percpu_array`, `ringbuf`).
    pub kind: String,
    /// The number of that map type.
    pub kind_id: u32,
    /// Key type; none for ring buffers, queues and stacks.
    pub key: Option<TypeId>,
    /// Value type; none for ring buffers.
    pub value: Option<TypeId>,
    /// `max_entries`; 0 to leave it out.
    pub max_entries: u32,
    /// `map_flags`; 0 to leave it out.
    pub flags: u32,
    /// The memory node that it is made on; the flag for that is in `flags`.
    pub numa_node: Option<u32>,
    /// `map_extra`; 0 to leave it out.
    pub map_extra: u32,
    /// Whether the kernel is told the sizes of key and value and not their types.
    pub sizes_only: bool,
    /// Whether it only says how the inner maps of another map are made.
    pub template: bool,
    /// Of a map of maps: how its inner maps are made.
    pub inner: Option<MapId>,
    /// What is in it from the start, by position: maps or programs.
    pub values: Vec<(u32, MapValue)>,
    /// Whether it is pinned by name.
    pub pinned: bool,
    /// Where it is declared.
    pub span: Span,
}

impl Map {
    /// A map of that kind that has nothing else yet.
    pub fn new(name: impl Into<String>, kind: impl Into<String>, kind_id: u32, span: Span) -> Map {
        Map {
            name: name.into(),
            kind: kind.into(),
            kind_id,
            key: None,
            value: None,
            max_entries: 0,
            flags: 0,
            numa_node: None,
            map_extra: 0,
            sizes_only: false,
            template: false,
            inner: None,
            values: Vec::new(),
            pinned: false,
            span,
        }
    }
}

/// What a map holds from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapValue {
    /// A map of the module.
    Map(MapId),
    /// A program of the module.
    Func(FuncId),
}

/// The section of a global variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Writable, with an initial value.
    Data,
    /// Writable, zero.
    Bss,
    /// Read-only for programs; user space may set it before loading.
    Rodata,
}

impl Section {
    /// The section's name, without the dot.
    pub fn as_str(self) -> &'static str {
        match self {
            Section::Data => "data",
            Section::Bss => "bss",
            Section::Rodata => "rodata",
        }
    }

    /// The section of that name.
    pub fn parse(text: &str) -> Option<Section> {
        [Section::Data, Section::Bss, Section::Rodata].into_iter().find(|s| s.as_str() == text)
    }
}

/// The initial value of a global variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Init {
    /// All bytes zero.
    Zero,
    /// An integer of the variable's type.
    Int(i64),
    /// Bytes, as many as the variable has.
    Bytes(Vec<u8>),
}

/// A global variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Global {
    /// The name; one that starts with a dot is a constant of the compiler's.
    pub name: String,
    /// The type.
    pub ty: TypeId,
    /// Where.
    pub section: Section,
    /// `foo` for section `.data.foo`.
    pub subsection: Option<String>,
    /// The initial value.
    pub init: Init,
    /// Where it is declared.
    pub span: Span,
}

/// What an [`Extern`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternKind {
    /// A kernel function: the type is a [`crate::types::Type::Func`].
    Function,
    /// A variable or any other symbol of the kernel, by its address; of type `void` if only that is known.
    Symbol,
    /// An option of the kernel's configuration (`CONFIG_HZ`): the loader makes a variable of that value. Also what libbpf
    /// finds out by itself, such as `LINUX_KERNEL_VERSION`.
    Config,
}

/// Something of the kernel by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extern {
    /// The name.
    pub name: String,
    /// The type, by the kind.
    pub ty: TypeId,
    /// What it is.
    pub kind: ExternKind,
    /// Whether loading succeeds without it: a function or symbol then has the address 0, an option the value 0.
    pub weak: bool,
}

/// A variable of a kernel struct of callbacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructOps {
    /// The variable's name.
    pub name: String,
    /// The kernel's struct (`sched_ext_ops`).
    pub record: String,
    /// Whether it is attached through a link (section `.struct_ops.link`).
    pub link: bool,
    /// The members set, in order.
    pub members: Vec<StructOpsMember>,
    /// Where it is declared.
    pub span: Span,
}

/// A member of a [`StructOps`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructOpsMember {
    /// The name.
    pub name: String,
    /// The member's type: `Func`, an integer, or `Str`.
    pub ty: TypeId,
    /// What it is set to.
    pub value: StructOpsValue,
}

/// What a [`StructOpsMember`] is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StructOpsValue {
    /// A function of the module.
    Func(FuncId),
    /// An integer.
    Int(i64),
    /// Text.
    Str(String),
}

/// How a function of the module is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// The kernel calls it.
    Program {
        /// The ELF section.
        section: String,
        /// The program type's id, `plugin:name`.
        program_type: String,
        /// What a failed check returns, where the program says it itself.
        fails: Option<i64>,
    },
    /// Programs call it.
    Subprogram(Linkage),
    /// A helper calls it back.
    Callback,
}

/// How a subprogram is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// With each caller, whether it becomes a part of them or not.
    Static,
    /// With each caller, as a part of them: it may take more than the five parameters of a call.
    Inline,
    /// With each caller, as a function that is called.
    NoInline,
    /// Once, on its own.
    Global,
}

impl Linkage {
    /// All of them.
    pub const ALL: [Linkage; 4] = [Linkage::Static, Linkage::Inline, Linkage::NoInline, Linkage::Global];

    /// The name in the text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Linkage::Static => "static",
            Linkage::Inline => "inline",
            Linkage::NoInline => "noinline",
            Linkage::Global => "global",
        }
    }

    /// The one of that name.
    pub fn parse(text: &str) -> Option<Linkage> {
        Linkage::ALL.into_iter().find(|l| l.as_str() == text)
    }

    /// Whether it is verified with each caller.
    pub fn is_static(self) -> bool {
        self != Linkage::Global
    }
}

/// What a call goes to, as shown in diagnostics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A helper by kernel name.
    Helper(String),
    /// A kfunc by name.
    Kfunc(String),
    /// A function of the module by name.
    Function(String),
}

impl Module {
    /// The function of that name.
    pub fn find_function(&self, name: &str) -> Option<FuncId> {
        self.functions.iter().find(|(_, f)| f.name == name).map(|(id, _)| id)
    }

    /// The map of that name.
    pub fn find_map(&self, name: &str) -> Option<MapId> {
        self.maps.iter().find(|(_, m)| m.name == name).map(|(id, _)| id)
    }

    /// The global variable of that name.
    pub fn find_global(&self, name: &str) -> Option<GlobalId> {
        self.globals.iter().find(|(_, g)| g.name == name).map(|(id, _)| id)
    }

    /// Adds `text` and a NUL as constant data, or finds it, and gives the variable.
    pub fn intern_text(&mut self, text: &str, span: Span) -> GlobalId {
        self.intern_text_in(Section::Rodata, text, span)
    }

    /// The same in a section: kernel functions whose prototype is `char *` take no text that is read-only.
    pub fn intern_text_in(&mut self, section: Section, text: &str, span: Span) -> GlobalId {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        let found = self.globals.iter().find(|(_, g)| {
            g.name.starts_with('.') && g.section == section && g.init == Init::Bytes(bytes.clone())
        });
        if let Some((id, _)) = found {
            return id;
        }
        let ty = self.types.intern(crate::types::Type::Str { len: bytes.len() as u32 });
        // Others may have been dropped, so the count alone may be taken.
        let taken = |name: &String| self.globals.values().any(|g| g.name == *name);
        let names = (self.globals.len()..).map(|n| format!(".text.{n}"));
        let name = names.into_iter().find(|name| !taken(name)).unwrap_or_default();
        self.globals.push(Global { name, ty, section, subsection: None, init: Init::Bytes(bytes), span })
    }

    /// The machine type for a scalar of that type; none for aggregates, `void` and functions.
    pub fn machine_type(&self, ty: TypeId) -> Option<Type> {
        use crate::types::Type as T;
        match self.types.get(ty) {
            T::Bool => Some(Type::I1),
            T::Int { bits, .. } => Type::int(u32::from(*bits)),
            T::Enum(e) => Type::int(self.types.enums[*e].size * 8),
            T::Ptr { region, nullable, .. } => Some(Type::Ptr { region: *region, nullable: *nullable }),
            T::Kptr(_) => Some(Type::nullable(crate::types::Region::Kernel)),
            T::Void
            | T::Array { .. }
            | T::Str { .. }
            | T::Record(_)
            | T::GraphRoot { .. }
            | T::Map(_)
            | T::Func { .. } => None,
        }
    }
}
