//! Embeds the pages of `docs/errors` for `pbpf explain`.
//!
//! Promises: pages in order of their names. Leaves out: reading them at run time.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pages = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../docs/errors");
    println!("cargo::rerun-if-changed={}", pages.display());
    let mut names = Vec::new();
    if let Ok(entries) = fs::read_dir(&pages) {
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "md") {
                names.push(path);
            }
        }
    }
    names.sort();
    let mut table = String::from("&[\n");
    for path in names {
        let code = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let _ = writeln!(
            table,
            "    ({code:?}, include_str!({:?})),",
            path.canonicalize()?.display().to_string()
        );
    }
    table.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("pages.rs"), table)?;
    Ok(())
}
