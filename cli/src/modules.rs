//! The modules that a program imports.
//!
//! Promises: a module is looked for where Python would: a relative one from its file on, any other in the folder of the
//! program, then in the roots of the configuration; each file is read once. Leaves out: what is in them; a module that
//! is not found is user space's.

use crate::setup;
use pbpf_core::ast;
use pbpf_core::source::{FileId, SourceMap};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most modules of one program.
const MAX_MODULES: usize = 1000;

/// Adds the modules that `file`, which is at `path`, imports, and those that they import.
pub(crate) fn load(sources: &mut SourceMap, file: FileId, path: &Path, roots: &[PathBuf]) {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut places = vec![folder];
    places.extend(roots.iter().cloned());
    let mut known: BTreeMap<PathBuf, FileId> = BTreeMap::from([(path.to_owned(), file)]);
    let mut work = vec![(file, path.to_owned())];
    while let Some((file, path)) = work.pop() {
        let Some(source) = sources.get(file) else { continue };
        // What is wrong with it is told when it is compiled.
        let Ok(tree) = ast::parse(file, &source.text) else { continue };
        for module in ast::imported_modules(&tree) {
            let Some(found) = find(&module, &path, &places) else { continue };
            if let Some(known) = known.get(&found) {
                sources.link(file, module, *known);
                continue;
            }
            if known.len() > MAX_MODULES {
                return;
            }
            let Ok(text) = setup::read_text(&found) else { continue };
            let id = sources.add(found.display().to_string(), text);
            sources.link(file, module, id);
            known.insert(found.clone(), id);
            work.push((id, found));
        }
    }
}

/// The file of a module that is imported by the file at `from`.
fn find(module: &str, from: &Path, places: &[PathBuf]) -> Option<PathBuf> {
    let name = module.trim_start_matches('.');
    let dots = module.len() - name.len();
    let steps: Vec<&str> = name.split('.').filter(|s| !s.is_empty()).collect();
    let at = |base: &Path| {
        let path = steps.iter().fold(base.to_owned(), |path, step| path.join(step));
        let file = path.with_extension("py");
        let package = path.join("__init__.py");
        // `from . import x` without an `__init__.py`: the folder itself is no file.
        [(!steps.is_empty()).then_some(file), Some(package)].into_iter().flatten().find(|p| p.is_file())
    };
    if dots == 0 {
        return places.iter().find_map(|place| at(place));
    }
    let mut base = from.parent()?.to_owned();
    for _ in 1..dots {
        base = above(&base);
    }
    at(&base)
}

/// The folder around a folder, without `..` where that can be had.
fn above(folder: &Path) -> PathBuf {
    match (folder.parent(), folder.file_name()) {
        (Some(parent), Some(_)) => parent.to_owned(),
        _ => folder.join(".."),
    }
}
