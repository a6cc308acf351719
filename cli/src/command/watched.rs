//! Callbacks that the kernel may end by itself while `pbpf run` watches.
//!
//! Promises: what the kernel says, and what that means by the rows of the program type, at the class. Leaves out: callbacks that it does not end.

use pbpf_core::diag::Diagnostic;
use pbpf_core::registry::Registry;
use pbpf_core::rows::EndedRow;
use pbpf_core::source::Span;
use pbpf_loader::{Loaded, Shown, Watch};

/// One set of callbacks.
pub(super) struct Watched<'r> {
    name: String,
    /// The class, where the source is there.
    place: Option<Span>,
    row: &'r EndedRow,
    watch: Watch,
}

/// Those of an object whose program type says how their end is seen; before they are attached.
pub(super) fn all<'r>(
    loaded: &Loaded,
    registry: &'r Registry,
    places: &[(String, Span)],
) -> Vec<Watched<'r>> {
    let mut found = Vec::new();
    for map in loaded.maps().iter().filter(|map| map.is_struct_ops()) {
        let record = map.callbacks_of().and_then(|record| registry.find_struct_ops(&record));
        let row = record.and_then(|ty| registry.program_type(ty).row.struct_ops.as_ref()?.ended.as_ref());
        let Some(row) = row else { continue };
        let shown =
            Shown { state: row.state.as_str().into(), at_work: row.at_work.clone(), log: row.log.clone() };
        let name = map.name().to_owned();
        let place = places.iter().find(|(class, _)| *class == name).map(|(_, place)| *place);
        found.push(Watched { name, place, row, watch: Watch::new(shown) });
    }
    found
}

impl Watched<'_> {
    /// What to tell once the kernel has ended them.
    pub(super) fn ended(&mut self) -> Option<Diagnostic> {
        let told = told(&self.name, self.row, self.watch.ended()?);
        Some(match self.place {
            Some(place) => told.at(place),
            None => told,
        })
    }
}

fn told(name: &str, row: &EndedRow, said: &[String]) -> Diagnostic {
    let reason = row.reason(said);
    let what = reason.map_or_else(|| "It does not say why.".to_owned(), |row| row.cause.clone());
    let message = format!("the kernel has ended `{name}` by itself. {what}");
    let mut error = Diagnostic::error("ended-by-kernel", message);
    for line in said {
        error = error.note(format!("kernel: {line}"));
    }
    error.maybe_help(reason.map(|row| row.fix.clone()))
}

#[cfg(test)]
mod tests;
