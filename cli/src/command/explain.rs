//! `pbpf explain`: the page of a diagnostic code, or what is known of a name.
//!
//! Promises: what is found first counts: a code, then a row of a plugin, a plugin, a pass. Leaves out: the pages, which are in `docs/errors`.

use super::failed;
use crate::args::ExplainArgs;
use crate::report;
use crate::setup::{Session, bad_option};
use pbpf_core::names;
use pbpf_core::registry::Registry;
use pbpf_core::source::SourceMap;
use std::fmt::Write as _;

/// Codes and pages.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Runs the command.
pub(crate) fn run(args: &ExplainArgs) -> u8 {
    let what = args.what.as_str();
    if let Some((_, page)) = PAGES.iter().find(|(code, _)| *code == what) {
        report::out(page);
        return report::DONE;
    }
    let format = args.common.message_format;
    let session = match Session::open(&args.common) {
        Ok(session) => session,
        Err(error) => return failed(error, format),
    };
    let registry = session.plugins.registry();
    if let Some(text) = program_type(registry, what).or_else(|| helper(registry, what)) {
        report::out(&text);
        return report::DONE;
    }
    let plan = match session.plan() {
        Ok(plan) => plan,
        Err(error) => return failed(error, format),
    };
    if let Some(plugin) = session.plugins.find(what) {
        return match super::plugin::describe(plugin) {
            Ok(text) => {
                report::out(&text);
                report::DONE
            }
            Err(error) => report::fail(vec![error], &SourceMap::new(), format),
        };
    }
    if let Some((info, _)) = plan.passes().find(|(info, _)| info.name == what) {
        report::out(&format!(
            "pass {}: {}\n\nfrom {} to {}\n",
            info.name,
            info.doc,
            info.from.as_str(),
            info.to.as_str()
        ));
        return report::DONE;
    }
    let known = PAGES.iter().map(|(code, _)| *code);
    let helpers = registry.helpers().map(|(_, h)| h.row.name.as_str());
    let types = registry.program_types().map(|(_, t)| t.row.name.as_str());
    let passes: Vec<String> = plan.passes().map(|(i, _)| i.name.clone()).collect();
    let plugins = session.plugins.list().iter().map(|p| p.id.as_str());
    let all = known.chain(helpers).chain(types).chain(plugins).chain(passes.iter().map(String::as_str));
    let near = names::nearest(what, all).map_or_else(
        || "name a code, a pass, a program type, a helper or a plugin".to_owned(),
        |n| format!("did you mean `{n}`?"),
    );
    report::fail(vec![bad_option(&format!("nothing is known of `{what}`"), &near)], &SourceMap::new(), format)
}

fn program_type(registry: &Registry, name: &str) -> Option<String> {
    let found = registry.program_type(registry.find_program_type(name)?);
    let row = &found.row;
    let mut out = format!("program type {}\n\n{}\n\n", found.id, row.doc);
    let sections: Vec<&str> = row.sections.iter().map(|s| s.pattern.as_str()).collect();
    let _ = writeln!(out, "sections: {}", sections.join(", "));
    if let Some((low, high)) = row.returns.range {
        let _ = writeln!(out, "returns: {low} to {high}");
    }
    for (name, value) in &row.returns.names {
        let _ = writeln!(out, "  {name} = {value}");
    }
    if !row.context.fields.is_empty() {
        let _ = writeln!(out, "context:");
        for field in &row.context.fields {
            let _ = writeln!(
                out,
                "  {} ({} bits{})",
                field.name,
                field.bits,
                if field.write { ", writable" } else { "" }
            );
        }
    }
    if let Some(kernel) = &row.needs.kernel {
        let _ = writeln!(out, "since kernel {kernel}");
    }
    let _ = writeln!(out, "helper sets: {}", row.helper_sets.join(", "));
    Some(out)
}

fn helper(registry: &Registry, name: &str) -> Option<String> {
    let id = registry.find_helper(name)?;
    let found = registry.helper(id);
    let row = &found.row;
    let args: Vec<&str> = row.args.iter().map(|a| a.name.as_str()).collect();
    let mut out = format!("helper {}({})  [{}]\n\n{}\n\n", row.name, args.join(", "), found.set, row.doc);
    for (alias, _) in &row.aliases {
        let _ = writeln!(out, "also called {alias}");
    }
    if let Some(since) = &row.since {
        let _ = writeln!(out, "since kernel {since}");
    }
    if row.gpl {
        out.push_str("needs a GPL-compatible license\n");
    }
    let _ = writeln!(out, "allowed in: {}", registry.where_allowed(id).join(", "));
    Some(out)
}
