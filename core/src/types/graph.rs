//! Lists and trees of what the program allocated.
//!
//! Promises: the kernel's structs for roots and nodes. Leaves out: what may be done with them, which rows say.

/// In which way objects that the program allocated are kept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GraphKind {
    /// One after the other.
    List,
    /// In the order that a function of the program says.
    Tree,
}

impl GraphKind {
    /// Both.
    pub const ALL: [GraphKind; 2] = [GraphKind::List, GraphKind::Tree];

    /// What programs call the type of the root.
    pub fn python(self) -> &'static str {
        match self {
            GraphKind::List => "ListHead",
            GraphKind::Tree => "RbRoot",
        }
    }

    /// The kernel's struct for the root.
    pub fn root(self) -> &'static str {
        match self {
            GraphKind::List => "bpf_list_head",
            GraphKind::Tree => "bpf_rb_root",
        }
    }

    /// The kernel's struct for a node.
    pub fn node(self) -> &'static str {
        match self {
            GraphKind::List => "bpf_list_node",
            GraphKind::Tree => "bpf_rb_node",
        }
    }
}
