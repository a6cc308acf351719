//! Codes of diagnostics and their pages.
//!
//! Promises: a code in the source has a page in `docs/errors/`, and a page has a code in the source. The harness checks besides that
//! each diagnostic that it sees has a page. Leaves out: what the pages say; `docs` runs their examples.

use crate::{
    none,
    rust::{Piece, pieces},
    tree::{File, files},
};
use std::collections::BTreeMap;

const SOURCES: &[&str] = &["core/src/", "passes/", "plugins/", "program-types/", "loader/src/", "cli/src/"];

/// What stands before a code: a function that makes a diagnostic, a field, or a constant.
const BEFORE: &[&str] = &["error(", "warning(", "note_only(", "code:", "CODE: &str ="];

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// The codes that the source gives to diagnostics, with one place each; and every literal of that form.
fn codes(files: &[File]) -> (BTreeMap<String, String>, Vec<String>) {
    let mut codes = BTreeMap::new();
    let mut literals = Vec::new();
    for file in files
        .iter()
        .filter(|f| f.extension() == "rs" && SOURCES.iter().any(|s| f.path.starts_with(s)) && !f.is_test())
    {
        let pieces = pieces(file.without_tests());
        for (at, (piece, line, text)) in pieces.iter().enumerate() {
            if *piece != Piece::Text || !is_code(text) {
                continue;
            }
            literals.push((*text).to_owned());
            // The code before the literal, without the quote that opens it.
            let before = pieces[..at].last().map_or("", |(_, _, code)| code.trim_end());
            if BEFORE.iter().any(|start| before.ends_with(start)) {
                codes.entry((*text).to_owned()).or_insert_with(|| file.at(*line));
            }
        }
    }
    (codes, literals)
}

fn pages(files: &[File]) -> Vec<String> {
    let page = |file: &File| Some(file.path.strip_prefix("docs/errors/")?.strip_suffix(".md")?.to_owned());
    files.iter().filter_map(page).filter(|name| name != "README").collect()
}

#[test]
fn every_code_has_a_page() {
    let files = files();
    let pages = pages(&files);
    let (codes, _) = codes(&files);
    let missing: Vec<String> = codes
        .iter()
        .filter(|(code, _)| !pages.contains(code))
        .map(|(code, place)| format!("docs/errors/{code}.md, for {place}"))
        .collect();
    none("Every code of a diagnostic has a page.", &missing);
}

#[test]
fn every_page_has_a_code() {
    let files = files();
    let (_, literals) = codes(&files);
    let idle: Vec<String> = pages(&files).into_iter().filter(|page| !literals.contains(page)).collect();
    none("Every page in docs/errors/ is about a code that exists.", &idle);
}

#[test]
fn every_code_is_expected_somewhere() {
    let files = files();
    let (codes, _) = codes(&files);
    let is_case = |f: &File| f.path.starts_with("tests/cases/") || f.path.starts_with("docs/errors/");
    let is_test = |f: &File| f.extension() == "rs" && f.is_test();
    let seen = |code: &str| {
        let (listed, literal) = (format!(": [{code}]"), format!("\"{code}\""));
        // A reveal expects `revealed-type`.
        code == "revealed-type"
            || files.iter().any(|f| {
                is_case(f) && f.text.contains(&listed)
                    || is_test(f) && f.text.contains(&literal)
                    || f.extension() == "rs" && f.text[f.without_tests().len()..].contains(&literal)
            })
    };
    let unseen: Vec<String> = codes
        .iter()
        .filter(|(code, _)| !seen(code))
        .map(|(code, place)| format!("{code}, from {place}"))
        .collect();
    none("Every code of a diagnostic is expected by a case, a page, or a test.", &unseen);
}

#[test]
fn every_page_opens_with_its_code() {
    let wrong: Vec<String> = files()
        .iter()
        .filter_map(|file| {
            Some((file.path.strip_prefix("docs/errors/")?.strip_suffix(".md")?.to_owned(), file))
        })
        .filter(|(name, file)| name != "README" && file.text.lines().next() != Some(&format!("# {name}")))
        .map(|(_, file)| file.path.clone())
        .collect();
    none("A page in docs/errors/ opens with `# CODE`.", &wrong);
}
