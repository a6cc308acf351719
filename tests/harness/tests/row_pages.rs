//! The pages that are made of rows: `docs/program-types/*.md` and `docs/helpers.md`; and of the passes' own words: `docs/mir-passes.md`.
//!
//! Promises: behind its marker a page is what is said there; `BLESS=1` writes it. That the rows are the kernel's is held by
//! `allowed_helpers` and `manifests`. Leaves out: what stands before the marker.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_core::registry::{HelperId, Registry};
use pbpf_core::rows::{
    Access, Arguments, AttachKind, Gives, Helper, HelperCall, Manifest, ProgramType, Prototype, Returns,
    SectionPattern,
};
use pbpf_core::types::Region;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const MARKER: &str = "<!-- Behind this line the page is made of the rows: `BLESS=1 cargo test -p pbpf-tests --test row_pages`. -->\n";

const PASS_MARKER: &str = "<!-- Behind this line the page is made of the passes' own words: `BLESS=1 cargo test -p pbpf-tests --test row_pages`. -->\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rows of all shipped plugins, and what their sets are for.
fn rows() -> (Registry, BTreeMap<String, String>) {
    let mut files: Vec<PathBuf> = ["program-types", "plugins"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path().join("manifest.json"))
        .filter(|file| file.exists())
        .collect();
    files.sort();
    let mut registry = Registry::new();
    let mut sets = BTreeMap::new();
    for file in files {
        let manifest = Manifest::from_json(&std::fs::read_to_string(file).unwrap()).unwrap();
        for set in &manifest.helper_sets {
            sets.insert(format!("{}:{}", manifest.id, set.name), set.doc.clone());
        }
        registry.add(manifest).unwrap();
    }
    (registry, sets)
}

fn hold(page: &str, made: &str) {
    hold_behind(MARKER, page, made);
}

fn hold_behind(marker: &str, page: &str, made: &str) {
    let path = root().join("docs").join(page);
    let there = std::fs::read_to_string(&path).unwrap_or_else(|_| marker.to_owned());
    let (before, behind) = there.split_once(marker).unwrap_or_else(|| panic!("{page} has no marker"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{before}{marker}{made}")).unwrap();
    } else if behind != made {
        let differ = behind.lines().zip(made.lines()).find(|(a, b)| a != b);
        panic!("{page} is not what it is made of (BLESS=1 writes it): {differ:?}");
    }
}

/// A section for each pass over MIR, in the order of the pipeline.
#[test]
fn the_page_of_passes() {
    let folder = root().join("passes/src");
    let pipeline = std::fs::read_to_string(folder.join("pipeline.rs")).unwrap();
    let mut page = String::new();
    for module in pipeline.lines().filter_map(|line| line.trim().strip_prefix("Box::new(mir::")) {
        let module = module.split("::").next().unwrap();
        let source = std::fs::read_to_string(folder.join(format!("mir/{module}.rs"))).unwrap();
        let said = source.lines().map_while(|line| line.strip_prefix("//!"));
        let said: Vec<&str> = said.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        let (name, first) = said[0].trim_start_matches('`').split_once("`: ").unwrap();
        let capital: String = first.chars().take(1).flat_map(char::to_uppercase).collect();
        let _ = writeln!(page, "\n## {name}\n\n{capital}{}", &first[capital.len()..]);
        for line in &said[1..] {
            let _ = writeln!(page, "{line}");
        }
    }
    hold_behind(PASS_MARKER, "mir-passes.md", &page);
}

/// A page for each plugin that brings program types, and a list of them.
#[test]
fn the_pages_of_program_types() {
    let (registry, _) = rows();
    let mut pages: BTreeMap<&str, String> = BTreeMap::new();
    let mut list = "\n| program type | what |\n|---|---|\n".to_owned();
    for (_, ty) in registry.program_types() {
        let (plugin, name) = ty.id.split_once(':').unwrap();
        program_type(pages.entry(plugin).or_default(), &ty.row);
        let _ = writeln!(list, "| [{name}](program-types/{plugin}.md#{name}) | {} |", ty.row.doc);
    }
    for (plugin, page) in &pages {
        hold(&format!("program-types/{plugin}.md"), page);
    }
    hold("program-types.md", &list);
}

#[test]
fn the_pages_of_helpers() {
    let (registry, sets) = rows();
    let (mut helpers, mut kfuncs) = (String::new(), String::new());
    for (set, doc) in &sets {
        let members: Vec<(HelperId, &Helper)> =
            registry.helpers().filter(|(_, h)| h.set == *set).map(|(id, h)| (id, &h.row)).collect();
        let (_, name) = set.split_once(':').unwrap();
        let of_kernel = members.iter().all(|(_, row)| row.call == HelperCall::Kfunc);
        let page = if of_kernel { &mut kfuncs } else { &mut helpers };
        let _ = write!(
            page,
            "\n## {name}\n\n{doc}\n\n| helper | what | since | program types |\n|---|---|---|---|\n"
        );
        for (id, row) in members {
            helper(page, &registry, id, row);
        }
    }
    hold("helpers.md", &helpers);
    hold("kfuncs.md", &kfuncs);
}

fn helper(page: &mut String, registry: &Registry, id: HelperId, row: &Helper) {
    let mut marks = String::new();
    for (is, mark) in [
        (row.gpl, " GPL."),
        (row.sleepable, " May sleep."),
        (row.moves_packet, " Makes pointers into the packet invalid."),
    ] {
        if is {
            marks.push_str(mark);
        }
    }
    let call = match row.call {
        HelperCall::Kfunc => " A kernel function.",
        _ => "",
    };
    let _ = writeln!(
        page,
        "| `{}` | {}{call}{marks} | {} | {} |",
        row.name,
        row.doc.replace('|', "\\|"),
        row.since.as_deref().unwrap_or("-"),
        places(registry, id)
    );
}

/// The program types that may call it, in the shorter of two ways.
fn places(registry: &Registry, id: HelperId) -> String {
    let name = |id: &str| id.split(':').nth(1).unwrap_or(id).to_owned();
    let all: BTreeSet<String> = registry.program_types().map(|(_, t)| name(&t.id)).collect();
    let here: BTreeSet<String> = registry.where_allowed(id).iter().map(|id| name(id)).collect();
    let others: Vec<&String> = all.difference(&here).collect();
    let join = |names: &mut dyn Iterator<Item = &String>| names.cloned().collect::<Vec<_>>().join(", ");
    match (here.len(), others.len()) {
        (_, 0) => "all".to_owned(),
        (most, few) if few < most => format!("all but {}", join(&mut others.into_iter())),
        _ => join(&mut here.iter()),
    }
}

fn program_type(page: &mut String, row: &ProgramType) {
    let _ = write!(page, "\n## {}\n\n{}\n", row.name, row.doc);
    if !row.notes.is_empty() {
        let _ = write!(page, "\n{}\n", row.notes);
    }
    page.push('\n');
    let mut item = |what: &str, text: String| {
        if !text.is_empty() {
            let _ = writeln!(page, "- **{what}**: {text}");
        }
    };
    item("Sections", row.sections.iter().map(section).collect::<Vec<_>>().join(", "));
    item("Context", context(row));
    item("Parameters", parameters(row));
    if let Some(ops) = &row.struct_ops {
        let of = |sleepable: bool| {
            let names = ops.callbacks.iter().filter(|c| c.sleepable == sleepable);
            names.map(|c| format!("`{}`", c.name)).collect::<Vec<_>>().join(", ")
        };
        item("Callbacks", of(false));
        item("Callbacks that may sleep", of(true));
        let settings: Vec<String> = ops.members.iter().map(|(name, ty)| format!("`{name}` ({ty})")).collect();
        item("Settings", settings.join(", "));
        let refused: Vec<String> = ops.refused_members.keys().map(|name| format!("`{name}`")).collect();
        item("Members that the kernel refuses", refused.join(", "));
    }
    item("Result", result(&row.returns));
    item("Attached", attached(row).to_owned());
    item("Memory", memory(row));
    item("Helper sets", row.helper_sets.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", "));
    let code = |names: &[String]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    item("And", code(&row.helpers));
    item("But not", code(&row.helpers_refused));
    item("Later than elsewhere", later(row));
    let mut needs: Vec<String> = row.needs.kernel.iter().map(|since| format!("Linux {since}")).collect();
    needs.extend(row.needs.config.iter().map(|config| match config.split_once(' ') {
        Some((config, more)) => format!("`{config}` {more}"),
        None => format!("`{config}`"),
    }));
    if row.needs.gpl {
        needs.push("a GPL-compatible license".to_owned());
    }
    item("Needs", needs.join(", "));
}

fn section(row: &SectionPattern) -> String {
    let mut marks = Vec::new();
    if row.sleepable == Some(true) {
        marks.push("may sleep".to_owned());
    }
    if let Some(since) = &row.since {
        marks.push(format!("since Linux {since}"));
    }
    if let Some(returns) = &row.returns {
        marks.push(format!("result: {}", result(returns)));
    }
    match marks.as_slice() {
        [] => format!("`{}`", row.pattern),
        _ => format!("`{}` ({})", row.pattern, marks.join("; ")),
    }
}

fn context(row: &ProgramType) -> String {
    let Some(record) = &row.context.record else {
        let names: Vec<String> = row.context.fields.iter().map(|f| format!("`{}`", f.name)).collect();
        return if names.is_empty() { "opaque".to_owned() } else { names.join(", ") };
    };
    let names = |is: &dyn Fn(&pbpf_core::rows::ContextField) -> bool| {
        let fields = row.context.fields.iter().filter(|f| is(f));
        fields.map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("`struct {record}`");
    if !row.context.records.is_empty() {
        text.push_str(", or for some events the record of their class");
    }
    let kinds = [
        ("numbers", names(&|f| f.gives == Gives::Scalar && !f.write)),
        ("written too", names(&|f| f.write)),
        ("pointers", names(&|f| matches!(f.gives, Gives::Pointer { .. }))),
        ("not read", names(&|f| f.gives == Gives::Forbidden)),
    ];
    for (what, names) in kinds {
        if !names.is_empty() {
            let _ = write!(text, "; {what}: {names}");
        }
    }
    if row.context.open && row.context.fields.iter().all(|f| f.gives == Gives::Forbidden) {
        text.push_str("; its fields are found by CO-RE");
    }
    text
}

fn parameters(row: &ProgramType) -> String {
    if row.struct_ops.is_some() {
        return "those of the callback".to_owned();
    }
    match &row.arguments {
        Arguments::None => "none".to_owned(),
        Arguments::Registers(registers) => {
            let count: Vec<String> = registers
                .arguments
                .iter()
                .map(|(arch, names)| format!("{} on {arch}", names.len()))
                .collect();
            format!("64 bits each, from registers: {}", count.join(", "))
        }
        Arguments::Prototype(prototype) => of_prototype(prototype),
        Arguments::Words => "words of the context".to_owned(),
        Arguments::Described => "64 bits each, from where the note of the probe says".to_owned(),
        Arguments::Callback => "those of the callback".to_owned(),
    }
}

fn of_prototype(row: &Prototype) -> String {
    let mut text = match (&row.function, &row.typedef) {
        (Some(function), _) => format!("those of the kernel's function `{function}`"),
        (None, typedef) => format!("those of the kernel's type `{}`", typedef.as_deref().unwrap_or_default()),
    };
    if row.pointers != Region::Kernel {
        text.push_str("; pointers among them are untrusted");
    }
    if row.nullable {
        text.push_str("; pointers behind the first may be None");
    }
    if let Some(result) = &row.result {
        let _ = write!(text, "; `{result}` is the result");
    }
    text
}

fn result(row: &Returns) -> String {
    let mut parts = Vec::new();
    if row.names.is_empty() {
        match row.range {
            Some((low, high)) if low == high => parts.push(format!("{low}")),
            Some((low, high)) => parts.push(format!("{low} to {high}")),
            None => parts.push("any number".to_owned()),
        }
    } else {
        let mut names: Vec<(&String, &i64)> = row.names.iter().collect();
        names.sort_by_key(|(_, value)| **value);
        parts.push(
            names.iter().map(|(name, value)| format!("`{name}` ({value})")).collect::<Vec<_>>().join(", "),
        );
    }
    parts.push(match row.default {
        Some(value) => format!("{value} if not said"),
        None => "it must be said".to_owned(),
    });
    if let Some(value) = row.on_failed_check.filter(|v| Some(*v) != row.default) {
        parts.push(format!("{value} where a check fails"));
    }
    if let Some(keyword) = &row.settable {
        parts.push(format!("or what `@section(..., {keyword}=N)` says"));
    }
    parts.join("; ")
}

fn attached(row: &ProgramType) -> &'static str {
    match row.attach {
        AttachKind::Auto => "where the section says",
        AttachKind::Interface => "to an interface: `pbpf run --interface`",
        AttachKind::Cgroup => "to a control group: `pbpf run --cgroup`",
        AttachKind::NetNamespace => "to a network namespace: `pbpf run --netns`",
        AttachKind::Clock => "to a clock of each processor: `pbpf run --frequency`",
        AttachKind::Hook => "to a hook of netfilter: `pbpf run --hook`",
        AttachKind::Sockets => "to the sockets of the map of sockets in the file: `pbpf run`",
        AttachKind::StructOps => "with the class",
        AttachKind::Manual => "by a program of your own",
    }
}

fn memory(row: &ProgramType) -> String {
    let mut parts = Vec::new();
    for region in Region::ALL {
        let Some(rule) = row.region(region) else { continue };
        let text = match (&rule.read, &rule.write) {
            (Access::Direct, Access::Direct) => "direct, read and written",
            (Access::Direct, _) => "direct, read only",
            (Access::Copy(_), _) => "by copy",
            (Access::Forbidden, _) => "only compared",
        };
        if !matches!(region, Region::Stack | Region::MapValue | Region::Mem) {
            parts.push(format!("`{}` {text}", region.as_str()));
        }
    }
    for (record, fields) in &row.writable_fields {
        let fields: Vec<String> = fields.iter().map(|f| format!("`{f}`")).collect();
        parts.push(format!("of `struct {record}` also written: {}", fields.join(", ")));
    }
    parts.join("; ")
}

fn later(row: &ProgramType) -> String {
    let mut by: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    for (name, since) in &row.helpers_since {
        by.entry(since).or_default().push(format!("`{name}`"));
    }
    by.iter()
        .map(|(since, names)| format!("Linux {since}: {}", names.join(", ")))
        .collect::<Vec<_>>()
        .join("; ")
}
