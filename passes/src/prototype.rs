//! Prototypes of the kernel's BTF that the arguments of programs bind to.
//!
//! Promises: a parameter is found where the kernel's trampoline puts it. Leaves out: types of the module.

use pbpf_core::btf::{Btf, FuncProto, Kind, Param, Type};
use pbpf_core::diag::Diagnostic;
use pbpf_core::names;
use pbpf_core::rows::Prototype;

/// A prototype that was found.
pub(crate) struct Bound<'b> {
    /// Its name, as the row spells it.
    pub(crate) name: String,
    btf: &'b Btf,
    /// All of it.
    pub(crate) proto: FuncProto<'b>,
    skip: usize,
}

/// The text of a row with its holes filled.
pub(crate) fn fill(text: &str, holes: &[(String, String)]) -> String {
    holes.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The prototype that a row means; the error has no place yet.
pub(crate) fn find<'b>(
    btf: &'b Btf,
    row: &Prototype,
    holes: &[(String, String)],
) -> Result<Bound<'b>, Diagnostic> {
    let (spelled, kind) = match (&row.function, &row.typedef) {
        (Some(function), _) => (function.as_str(), Kind::Func),
        (None, typedef) => (typedef.as_deref().unwrap_or_default(), Kind::Typedef),
    };
    let name = fill(spelled, holes);
    if name.contains('{') {
        let text = "the section does not say where the program goes, so that its parameters have no types";
        return Err(Diagnostic::error("unknown-kernel-type", text)
            .help("name it behind the slash, or take no parameters"));
    }
    let proto = match kind {
        Kind::Func => btf.function(&name).map(|f| f.proto),
        _ => btf.find(&name, kind).and_then(|id| match btf.get(btf.resolve(id)) {
            Type::Ptr(target) => match btf.get(btf.resolve(target)) {
                Type::FuncProto(proto) => Some(proto),
                _ => None,
            },
            _ => None,
        }),
    };
    match proto {
        Some(proto) => Ok(Bound { name, btf, proto, skip: row.skip as usize }),
        None => {
            let near = names::nearest(&name, btf.names(kind).map(|(n, _)| n));
            let text = format!("the kernel has no prototype `{name}`");
            let mut error = Diagnostic::error("unknown-kernel-type", text);
            error.notes.extend(near.map(|n| format!("the nearest is `{n}`")));
            Err(error)
        }
    }
}

impl<'b> Bound<'b> {
    /// The parameters that are passed.
    pub(crate) fn params(&self) -> impl Iterator<Item = Param<'b>> + use<'b> {
        self.proto.params().skip(self.skip)
    }

    /// The 64-bit word of the context at which parameter `index` begins; behind the last, what is returned. A struct that is
    /// passed by value takes two where it does not fit one.
    pub(crate) fn word(&self, index: usize) -> u32 {
        let size = |param: Param<'_>| self.btf.size_of(param.ty).unwrap_or(8);
        self.params().take(index).map(|p| if size(p) > 8 { 2 } else { 1 }).sum()
    }

    /// The word with what the function returned.
    pub(crate) fn result_word(&self) -> u32 {
        self.word(self.params().count())
    }
}
