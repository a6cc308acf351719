//! Which assignments reach where.
//!
//! A node is an assignment, or a place where several meet. Nodes that meet become one version only when something reads
//! what they meet in. Promises: time in proportion to the assignments and uses. Leaves out: the walk.

use pbpf_core::entity::Entity;
use pbpf_core::hir::LocalId;
use std::collections::BTreeMap;

/// An assignment, or where assignments meet.
pub(super) type Node = usize;

/// What locals held before they were set, newest last.
pub(super) type Changes = Vec<(LocalId, Option<Node>)>;

/// What a way through the program left in locals, or nothing if it does not go on.
pub(super) type Way = Option<Changes>;

/// The state of the walk.
#[derive(Debug)]
pub(super) struct Flow {
    /// Whether a local is split.
    split: Vec<bool>,
    current: Vec<Option<Node>>,
    log: Changes,
    /// Whether the walk is behind a `return`, `break` or `continue`.
    dead: bool,
    parents: Vec<Node>,
    inputs: Vec<Vec<Node>>,
    read: Vec<bool>,
}

impl Flow {
    pub(super) fn new(split: Vec<bool>) -> Self {
        let current = vec![None; split.len()];
        Self {
            split,
            current,
            log: Vec::new(),
            dead: false,
            parents: Vec::new(),
            inputs: Vec::new(),
            read: Vec::new(),
        }
    }

    fn node(&mut self) -> Node {
        let node = self.parents.len();
        self.parents.push(node);
        self.inputs.push(Vec::new());
        self.read.push(false);
        node
    }

    fn set(&mut self, local: LocalId, node: Option<Node>) {
        let old = std::mem::replace(&mut self.current[local.index()], node);
        self.log.push((local, old));
    }

    /// An assignment of its own.
    pub(super) fn define(&mut self, local: LocalId) -> Node {
        let node = self.node();
        self.set(local, Some(node));
        node
    }

    /// An assignment, if the local is split.
    pub(super) fn assign(&mut self, local: LocalId) -> Option<Node> {
        self.split[local.index()].then(|| self.define(local))
    }

    /// From here on the local is the version that it was before.
    pub(super) fn become_again(&mut self, local: LocalId, node: Node) {
        if self.current[local.index()] != Some(node) {
            self.set(local, Some(node));
        }
    }

    /// A use: what reaches it becomes one version.
    pub(super) fn read(&mut self, local: LocalId) -> Option<Node> {
        let node = self.current[local.index()].filter(|_| self.split[local.index()])?;
        self.mark_read(node);
        Some(node)
    }

    fn mark_read(&mut self, node: Node) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut self.read[node], true) {
                continue;
            }
            for input in self.inputs[node].clone() {
                self.unite(node, input);
                open.push(input);
            }
        }
    }

    /// The version that a node belongs to.
    pub(super) fn version(&mut self, node: Node) -> Node {
        let mut at = node;
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn unite(&mut self, a: Node, b: Node) {
        let (a, b) = (self.version(a), self.version(b));
        // The older one stands for both, so that the result does not depend on the order of uses.
        self.parents[a.max(b)] = a.min(b);
    }

    /// Says that `input` flows into `meeting`.
    fn flow_into(&mut self, meeting: Node, input: Node) {
        self.inputs[meeting].push(input);
        if self.read[meeting] {
            self.unite(meeting, input);
            self.mark_read(input);
        }
    }

    // Ways.

    /// Begins a way that may not be taken; `end_way` takes its changes back.
    pub(super) fn begin_way(&mut self) -> (usize, bool) {
        (self.log.len(), self.dead)
    }

    /// Ends a way: what it changed, and whether it goes on; the state is as at its beginning.
    pub(super) fn end_way(&mut self, (mark, dead): (usize, bool)) -> Way {
        let way: Changes = self.log.split_off(mark);
        let mut locals: Vec<LocalId> = way.iter().map(|(local, _)| *local).collect();
        locals.sort_unstable();
        locals.dedup();
        let changed = locals.into_iter().map(|local| (local, self.current[local.index()])).collect();
        for (local, old) in way.into_iter().rev() {
            self.current[local.index()] = old;
        }
        let goes_on = !std::mem::replace(&mut self.dead, dead);
        goes_on.then_some(changed)
    }

    /// Goes on behind ways of which one was taken.
    pub(super) fn join(&mut self, ways: Vec<Way>) {
        let taken: Vec<Changes> = ways.into_iter().flatten().collect();
        if taken.is_empty() {
            self.dead = true;
            return;
        }
        let mut locals: Vec<LocalId> = taken.iter().flatten().map(|(local, _)| *local).collect();
        locals.sort_unstable();
        locals.dedup();
        let taken: Vec<BTreeMap<LocalId, Option<Node>>> =
            taken.into_iter().map(|way| way.into_iter().collect()).collect();
        for local in locals {
            let before = self.current[local.index()];
            let mut values: Vec<Node> =
                taken.iter().filter_map(|way| way.get(&local).copied().unwrap_or(before)).collect();
            values.sort_unstable();
            values.dedup();
            let value = match values.as_slice() {
                [] => None,
                [one] => Some(*one),
                many => {
                    let meeting = self.node();
                    for input in many {
                        self.flow_into(meeting, *input);
                    }
                    Some(meeting)
                }
            };
            self.set(local, value);
        }
    }

    /// The walk does not get here.
    pub(super) fn stop(&mut self) {
        self.dead = true;
    }

    // Loops.

    /// Where each local that a loop assigns meets its value from the round before.
    pub(super) fn begin_loop(&mut self, assigned: &[LocalId]) -> Vec<(LocalId, Node)> {
        let mut heads = Vec::with_capacity(assigned.len());
        for local in assigned.iter().filter(|l| self.split[l.index()]).copied().collect::<Vec<_>>() {
            let (head, before) = (self.node(), self.current[local.index()]);
            if let Some(before) = before {
                self.flow_into(head, before);
            }
            self.set(local, Some(head));
            heads.push((local, head));
        }
        heads
    }

    /// Goes back to the head of a loop, if the walk gets here.
    pub(super) fn next_round(&mut self, heads: &[(LocalId, Node)]) {
        if self.dead {
            return;
        }
        for (local, head) in heads {
            if let Some(node) = self.current[local.index()].filter(|node| node != head) {
                self.flow_into(*head, node);
            }
        }
    }

    /// What the locals of a loop hold here, as a way out of it.
    pub(super) fn way_out(&self, heads: &[(LocalId, Node)]) -> Way {
        (!self.dead).then(|| heads.iter().map(|(local, _)| (*local, self.current[local.index()])).collect())
    }
}
