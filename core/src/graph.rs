//! The pass graph: which passes run, in which order, and why.
//!
//! Promises: the order of the built-in passes is that of their list, never invented; passes of plugins and of the
//! configuration are placed by their constraints, as late as they may be, but before MIR becomes concrete unless they ask
//! for more; every change is validated before anything runs;
//! the members of a cycle are named.
//! Leaves out: what the passes do.

use crate::diag::{Diagnostic, Diagnostics};
use crate::names;
use crate::pass::{Context, Level, Pass, PassInfo, Unit};
use petgraph::algo::{has_path_connecting, tarjan_scc};
use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where a pass comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The built-in list.
    Builtin,
    /// A plugin, or a command of the configuration; the text says which.
    Plugin(String),
}

/// A pass that takes part.
pub struct Entry {
    /// What it says of itself, with constraints of the configuration added.
    pub info: PassInfo,
    /// Where it comes from.
    pub source: Source,
    /// The pass.
    pub pass: Box<dyn Pass>,
}

impl Entry {
    /// An entry of a pass.
    pub fn new(pass: Box<dyn Pass>, source: Source) -> Self {
        Self { info: pass.info(), source, pass }
    }
}

/// Changes to the list of passes, as the configuration says them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Passes left out.
    pub disable: Vec<String>,
    /// Passes replaced, and by what.
    pub replace: BTreeMap<String, String>,
    /// Passes of plugins that run although they do not by default.
    pub insert: Vec<String>,
    /// Passes moved: name, and the passes they go behind and before.
    pub reorder: Vec<(String, Vec<String>, Vec<String>)>,
}

/// Passes in order.
pub struct Plan {
    entries: Vec<Entry>,
    edges: Vec<(usize, usize, &'static str)>,
}

/// What is told while a plan runs.
pub trait Observer {
    /// Before a pass.
    fn before(&mut self, _pass: &PassInfo, _unit: &Unit, _cx: &Context<'_>) {}
    /// Behind a pass that gave a unit.
    fn after(&mut self, _pass: &PassInfo, _unit: &Unit, _cx: &Context<'_>) {}
}

/// Tells nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

const CODE: &str = "pass-graph";

impl Plan {
    /// Orders the built-in passes and, among them, those of `candidates` that take part: all that are on by default (the
    /// flag) and those that the edits name.
    pub fn new(
        builtin: Vec<Box<dyn Pass>>,
        candidates: Vec<(Entry, bool)>,
        edits: &Edits,
    ) -> Result<Plan, Vec<Diagnostic>> {
        let mut errors = Diagnostics::new();
        let mut entries: Vec<Entry> = builtin.into_iter().map(|p| Entry::new(p, Source::Builtin)).collect();
        let mut spare: Vec<Entry> = Vec::new();
        for (entry, on) in candidates {
            let twin = entries.iter().chain(&spare).find(|e| e.info.name == entry.info.name);
            if let Some(twin) = twin {
                let (name, a, b) = (&entry.info.name, describe(&twin.source), describe(&entry.source));
                errors.push(Diagnostic::error(
                    "plugin-clash",
                    format!("pass `{name}` is brought by {a} and by {b}"),
                ));
                continue;
            }
            let named = edits.insert.contains(&entry.info.name);
            if on || named { entries.push(entry) } else { spare.push(entry) }
        }
        let known: Vec<String> = entries.iter().chain(&spare).map(|e| e.info.name.clone()).collect();
        let unknown = |name: &String, errors: &mut Diagnostics| {
            if known.contains(name) {
                return false;
            }
            let near = names::nearest(name, known.iter().map(String::as_str))
                .map(|n| format!("did you mean `{n}`?"));
            errors.push(Diagnostic::error(CODE, format!("there is no pass `{name}`")).maybe_help(near));
            true
        };
        for name in &edits.insert {
            unknown(name, &mut errors);
        }
        for (old, new) in &edits.replace {
            if unknown(old, &mut errors) | unknown(new, &mut errors) {
                continue;
            }
            replace(&mut entries, &mut spare, old, new, &mut errors);
        }
        for name in &edits.disable {
            if unknown(name, &mut errors) {
                continue;
            }
            let Some(at) = entries.iter().position(|e| e.info.name == *name) else { continue };
            if !entries[at].info.optional && entries[at].source == Source::Builtin {
                errors.push(
                    Diagnostic::error(CODE, format!("pass `{name}` cannot be left out"))
                        .note("the levels behind it need what it does")
                        .help("replace it by another pass of the same level"),
                );
                continue;
            }
            entries.remove(at);
        }
        let mut moved = Vec::new();
        for (name, after, before) in &edits.reorder {
            if unknown(name, &mut errors) | after.iter().chain(before).any(|n| unknown(n, &mut errors)) {
                continue;
            }
            if let Some(entry) = entries.iter_mut().find(|e| e.info.name == *name) {
                entry.info.after.extend(after.iter().cloned());
                entry.info.before.extend(before.iter().cloned());
                moved.push(name.clone());
            }
        }
        if errors.has_errors() {
            return Err(errors.list().to_vec());
        }
        // One that replaces another stands in its place in the list.
        let listed: Vec<String> = entries
            .iter()
            .filter(|e| e.source == Source::Builtin || edits.replace.values().any(|new| *new == e.info.name))
            .map(|e| e.info.name.clone())
            .filter(|name| !moved.contains(name))
            .collect();
        order(entries, &listed)
    }

    /// Only the passes of these names, in this order, of one level: what `pbpf opt --passes` runs.
    pub fn only(entries: Vec<Entry>, names: &[String], level: Level) -> Result<Plan, Vec<Diagnostic>> {
        let mut entries: Vec<Option<Entry>> = entries.into_iter().map(Some).collect();
        let known: Vec<String> = entries
            .iter()
            .flatten()
            .filter(|e| e.info.from == level && e.info.to == level)
            .map(|e| e.info.name.clone())
            .collect();
        let mut picked = Vec::new();
        let mut errors = Vec::new();
        for name in names {
            let at = entries
                .iter()
                .position(|e| e.as_ref().is_some_and(|e| e.info.name == *name && known.contains(name)));
            match at.and_then(|at| entries[at].take()) {
                Some(entry) => picked.push(entry),
                None => {
                    let near = names::nearest(name, known.iter().map(String::as_str))
                        .map(|n| format!("did you mean `{n}`?"));
                    errors.push(
                        Diagnostic::error(
                            CODE,
                            format!(
                                "there is no pass `{name}` over {}, or it is named twice",
                                level.as_str()
                            ),
                        )
                        .maybe_help(near),
                    );
                }
            }
        }
        if errors.is_empty() { Ok(Plan { entries: picked, edges: Vec::new() }) } else { Err(errors) }
    }

    /// The passes in order.
    pub fn passes(&self) -> impl Iterator<Item = (&PassInfo, &Source)> {
        self.entries.iter().map(|e| (&e.info, &e.source))
    }

    /// Runs the passes up to, and without, the first that takes more than level `until`. Stops behind the first pass
    /// that recorded an error.
    pub fn run(
        &self,
        unit: Unit,
        until: Level,
        cx: &mut Context<'_>,
        observer: &mut dyn Observer,
    ) -> Option<Unit> {
        let mut unit = unit;
        for entry in &self.entries {
            if entry.info.to > until {
                break;
            }
            if unit.level() != entry.info.from {
                continue;
            }
            observer.before(&entry.info, &unit, cx);
            unit = entry.pass.run(unit, cx)?;
            if cx.diagnostics.has_errors() {
                return None;
            }
            observer.after(&entry.info, &unit, cx);
            if cx.diagnostics.has_errors() {
                return None;
            }
        }
        Some(unit)
    }

    /// The graph as text, a line a pass.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let width = self.entries.iter().map(|e| e.info.name.len()).max().unwrap_or(0);
        for entry in &self.entries {
            let levels = levels(&entry.info);
            let source = match &entry.source {
                Source::Builtin => String::new(),
                Source::Plugin(who) => format!("  ({who})"),
            };
            let _ = writeln!(out, "{:width$}  {levels:14}  {}{source}", entry.info.name, entry.info.doc);
        }
        out
    }

    /// The graph in DOT.
    pub fn to_dot(&self) -> String {
        let mut out =
            String::from("digraph passes {\n  rankdir=TB;\n  node [shape=box, fontname=\"monospace\"];\n");
        for (i, entry) in self.entries.iter().enumerate() {
            let style = if entry.source == Source::Builtin { "" } else { ", style=dashed" };
            let _ = writeln!(
                out,
                "  p{i} [label={:?}{style}];",
                format!("{}\n{}", entry.info.name, levels(&entry.info))
            );
        }
        for (a, b, why) in &self.edges {
            let style = if *why == "list" { "" } else { " [style=dotted]" };
            let _ = writeln!(out, "  p{a} -> p{b}{style};");
        }
        out.push_str("}\n");
        out
    }

    /// The graph in JSON.
    pub fn to_json(&self) -> Value {
        let passes = self.entries.iter().map(|e| {
            json!({
                "name": e.info.name,
                "doc": e.info.doc,
                "from": e.info.from.as_str(),
                "to": e.info.to.as_str(),
                "optional": e.info.optional,
                "requires": e.info.requires,
                "after": e.info.after,
                "before": e.info.before,
                "source": match &e.source { Source::Builtin => "builtin", Source::Plugin(who) => who.as_str() },
            })
        });
        let name = |i: &usize| self.entries[*i].info.name.clone();
        let edges =
            self.edges.iter().map(|(a, b, why)| json!({ "from": name(a), "to": name(b), "why": why }));
        json!({ "passes": passes.collect::<Vec<_>>(), "edges": edges.collect::<Vec<_>>() })
    }
}

fn describe(source: &Source) -> String {
    match source {
        Source::Builtin => "pbpf itself".to_owned(),
        Source::Plugin(who) => who.clone(),
    }
}

fn levels(info: &PassInfo) -> String {
    if info.from == info.to {
        info.from.as_str().to_owned()
    } else {
        format!("{} -> {}", info.from.as_str(), info.to.as_str())
    }
}

/// Puts pass `new` at the place of pass `old`.
fn replace(entries: &mut Vec<Entry>, spare: &mut Vec<Entry>, old: &str, new: &str, errors: &mut Diagnostics) {
    let from_spare = spare.iter().position(|e| e.info.name == new).map(|at| spare.remove(at));
    let replacement = from_spare.or_else(|| {
        let at = entries.iter().position(|e| e.info.name == new && e.source != Source::Builtin)?;
        Some(entries.remove(at))
    });
    let (Some(mut replacement), Some(at)) = (replacement, entries.iter().position(|e| e.info.name == old))
    else {
        errors.push(
            Diagnostic::error(CODE, format!("pass `{new}` cannot replace `{old}`"))
                .help("name a pass of a plugin or of `[passes.external]`"),
        );
        return;
    };
    let (a, b) = (&entries[at].info, &replacement.info);
    if (a.from, a.to) != (b.from, b.to) {
        errors.push(Diagnostic::error(
            CODE,
            format!("pass `{new}` ({}) cannot replace `{old}` ({})", levels(b), levels(a)),
        ));
        return;
    }
    // It stands for the old one: what others say of that name holds for it.
    replacement.info = PassInfo {
        doc: replacement.info.doc.clone(),
        name: replacement.info.name.clone(),
        ..entries[at].info.clone()
    };
    let name = replacement.info.name.clone();
    entries[at] = replacement;
    for entry in entries {
        for list in [&mut entry.info.requires, &mut entry.info.after, &mut entry.info.before] {
            for item in list.iter_mut().filter(|i| *i == old) {
                item.clone_from(&name);
            }
        }
    }
}

/// Orders the entries: those that are `listed` keep their order, the others go where their constraints say.
fn order(entries: Vec<Entry>, listed: &[String]) -> Result<Plan, Vec<Diagnostic>> {
    let position: BTreeMap<&str, usize> =
        entries.iter().enumerate().map(|(i, e)| (e.info.name.as_str(), i)).collect();
    let mut graph: DiGraph<usize, &'static str> = DiGraph::new();
    let nodes: Vec<NodeIndex> = (0..entries.len()).map(|i| graph.add_node(i)).collect();
    let mut errors = Vec::new();
    let fixed = |e: &Entry| listed.contains(&e.info.name);
    let list: Vec<usize> = (0..entries.len()).filter(|i| fixed(&entries[*i])).collect();
    for pair in list.windows(2) {
        graph.add_edge(nodes[pair[0]], nodes[pair[1]], "list");
    }
    for (i, entry) in entries.iter().enumerate() {
        for name in &entry.info.requires {
            match position.get(name.as_str()) {
                Some(j) => {
                    graph.add_edge(nodes[*j], nodes[i], "requires");
                }
                None => errors.push(Diagnostic::error(
                    CODE,
                    format!("pass `{}` requires `{name}`, which does not run", entry.info.name),
                )),
            }
        }
        for (names, behind) in [(&entry.info.after, true), (&entry.info.before, false)] {
            for name in names {
                let Some(j) = position.get(name.as_str()) else { continue };
                let (a, b) = if behind { (*j, i) } else { (i, *j) };
                graph.add_edge(nodes[a], nodes[b], if behind { "after" } else { "before" });
            }
        }
        // A pass that is not in the list goes where its level is.
        if !fixed(entry) {
            if let Some(before_level) = list
                .iter()
                .rev()
                .find(|j| entries[**j].info.to <= entry.info.from && entries[**j].info.from < entry.info.from)
            {
                graph.add_edge(nodes[*before_level], nodes[i], "level");
            }
            if let Some(behind_level) = list.iter().find(|j| entries[**j].info.from > entry.info.to) {
                graph.add_edge(nodes[i], nodes[*behind_level], "level");
            }
        }
    }
    // Behind the pass that makes MIR concrete, prints and fields are no more: a pass of a plugin is before it, unless
    // what it says of itself puts it behind.
    if let Some(concrete) = entries.iter().position(|e| e.info.makes_concrete).map(|i| nodes[i]) {
        for (i, entry) in entries.iter().enumerate() {
            let own = !fixed(entry) && entry.source != Source::Builtin && entry.info.to <= Level::Mir;
            if own && !has_path_connecting(&graph, concrete, nodes[i], None) {
                graph.add_edge(nodes[i], concrete, "concrete");
            }
        }
    }
    for cycle in tarjan_scc(&graph).into_iter().filter(|c| c.len() > 1) {
        let mut members: Vec<usize> = cycle.iter().map(|n| graph[*n]).collect();
        members.sort_unstable();
        let names: Vec<String> = members.iter().map(|i| format!("`{}`", entries[*i].info.name)).collect();
        errors.push(
            Diagnostic::error(CODE, format!("the order of passes contradicts itself: {}", names.join(", ")))
                .help("look at what `after`, `before` and `requires` say of them"),
        );
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    // Kahn's algorithm. Of the passes that may come next, those outside the list wait until something needs them.
    let mut indegree: Vec<usize> =
        nodes.iter().map(|n| graph.edges_directed(*n, petgraph::Direction::Incoming).count()).collect();
    let mut placed = vec![false; entries.len()];
    let mut sequence = Vec::with_capacity(entries.len());
    while sequence.len() < entries.len() {
        let ready = || (0..entries.len()).filter(|i| !placed[*i] && indegree[*i] == 0);
        let next = ready().find(|i| fixed(&entries[*i])).or_else(|| ready().next());
        let Some(next) = next else { break };
        placed[next] = true;
        sequence.push(next);
        for target in graph.neighbors(nodes[next]) {
            indegree[graph[target]] -= 1;
        }
    }
    let mut rank = vec![0; entries.len()];
    for (at, index) in sequence.iter().enumerate() {
        rank[*index] = at;
    }
    let mut edges: Vec<(usize, usize, &'static str)> = graph
        .edge_indices()
        .filter_map(|e| {
            let (a, b) = graph.edge_endpoints(e)?;
            Some((rank[graph[a]], rank[graph[b]], graph[e]))
        })
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let mut slots: Vec<Option<Entry>> = entries.into_iter().map(Some).collect();
    let entries = sequence.into_iter().filter_map(|i| slots[i].take()).collect();
    Ok(Plan { entries, edges })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;

    struct Dummy(PassInfo);

    impl Pass for Dummy {
        fn info(&self) -> PassInfo {
            self.0.clone()
        }
        fn run(&self, unit: Unit, _: &mut Context<'_>) -> Option<Unit> {
            Some(unit)
        }
    }

    fn pass(name: &str) -> PassInfo {
        PassInfo::new(name, Level::Mir, "does nothing").optional()
    }

    fn builtin(infos: Vec<PassInfo>) -> Vec<Box<dyn Pass>> {
        infos.into_iter().map(|i| Box::new(Dummy(i)) as Box<dyn Pass>).collect()
    }

    fn plugin(info: PassInfo) -> (Entry, bool) {
        (Entry::new(Box::new(Dummy(info)), Source::Plugin("plugin `p`".into())), true)
    }

    fn names(plan: &Plan) -> Vec<&str> {
        plan.passes().map(|(i, _)| i.name.as_str()).collect()
    }

    fn message(result: Result<Plan, Vec<Diagnostic>>) -> String {
        result.map(|_| ()).unwrap_err()[0].message.clone()
    }

    #[test]
    fn the_list_keeps_its_order_and_plugins_go_where_they_say() {
        let list = || builtin(vec![pass("b"), pass("a"), pass("c")]);
        let plan =
            Plan::new(list(), vec![plugin(pass("p:x").after(&["b"]).before(&["a"]))], &Edits::default())
                .unwrap();
        assert_eq!(names(&plan), ["b", "p:x", "a", "c"]);
        assert!(plan.to_dot().contains("p:x") && plan.to_json()["passes"].as_array().unwrap().len() == 4);
    }

    #[test]
    fn plugins_see_abstract_mir_unless_they_ask_for_more() {
        let list = || builtin(vec![pass("a"), pass("b").makes_concrete(), pass("c")]);
        let order = |x: PassInfo, y: PassInfo| {
            let plan = Plan::new(list(), vec![plugin(x), plugin(y)], &Edits::default()).unwrap();
            names(&plan).join(" ")
        };
        assert_eq!(order(pass("x"), pass("y")), "a x y b c");
        assert_eq!(order(pass("x").after(&["y"]), pass("y")), "a y x b c");
        assert_eq!(order(pass("x").after(&["y"]), pass("y").after(&["c"])), "a b c y x");
        assert_eq!(order(pass("x").before(&["a"]), pass("y").after(&["b"])), "x a b c y");
    }

    #[test]
    fn a_replacement_stands_in_the_place_of_the_old_pass() {
        let mut edits = Edits::default();
        edits.replace.insert("a".into(), "p:x".into());
        let list = builtin(vec![pass("a"), pass("b"), pass("c")]);
        let plan = Plan::new(list, vec![plugin(pass("p:x"))], &edits).unwrap();
        assert_eq!(names(&plan), ["p:x", "b", "c"]);
    }

    #[test]
    fn cycles_are_named() {
        let list = builtin(vec![pass("a"), pass("b")]);
        let error = message(Plan::new(
            list,
            vec![plugin(pass("p:x").after(&["b"]).before(&["a"]))],
            &Edits::default(),
        ));
        assert!(error.contains("`a`, `b`, `p:x`"), "{error}");
    }

    #[test]
    fn edits_are_validated() {
        let list = || builtin(vec![pass("a"), pass("b"), PassInfo::new("c", Level::Mir, "needed")]);
        let edit = |f: &dyn Fn(&mut Edits)| {
            let mut edits = Edits::default();
            f(&mut edits);
            Plan::new(list(), vec![], &edits)
        };
        assert_eq!(names(&edit(&|e| e.disable.push("a".into())).unwrap()), ["b", "c"]);
        assert!(message(edit(&|e| e.disable.push("aa".into()))).contains("no pass `aa`"));
        assert!(message(edit(&|e| e.disable.push("c".into()))).contains("cannot be left out"));
        let moved = edit(&|e| e.reorder.push(("a".into(), vec!["b".into()], vec![])));
        assert_eq!(names(&moved.unwrap()), ["b", "c", "a"]);
        let mut edits = Edits::default();
        edits.replace.insert("c".into(), "p:x".into());
        let plan = Plan::new(list(), vec![plugin(pass("p:x"))], &edits).unwrap();
        assert_eq!(names(&plan), ["a", "b", "p:x"]);
    }
}
