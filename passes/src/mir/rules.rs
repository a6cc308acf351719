//! The rules of program types that hold in a function.
//!
//! Promises: a program has the rules of its type; a subprogram or callback those of every program that reaches it by
//! calls, and a question on which these differ is answered with the two that do. A function that no program reaches has
//! the rules of memory that hold everywhere. Leaves out: what rules mean for code.

use crate::prototype::{self, Bound};
use pbpf_core::btf::Btf;
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Table;
use pbpf_core::mir::{FuncId, FunctionKind, Module, Op, StructOpsValue};
use pbpf_core::registry::{Registry, SectionMatch};
use pbpf_core::rows::{Access, Arguments, ContextField, ProgramType, RegionRule, Via};
use pbpf_core::types::Region;

/// A program that reaches a function.
#[derive(Clone, Debug)]
pub(super) struct Program<'r> {
    /// The type's id.
    pub(super) id: &'r str,
    /// The type's row.
    pub(super) row: &'r ProgramType,
    section: Option<SectionMatch>,
    callback: Option<String>,
    fails: Option<i64>,
}

impl Program<'_> {
    /// How its arguments bind.
    pub(super) fn arguments(&self) -> Arguments {
        let pattern = self.section.as_ref().and_then(|s| s.pattern.arguments.clone());
        pattern.unwrap_or_else(|| self.row.context_arguments())
    }

    /// The prototype that its arguments bind to, if they bind to one.
    pub(super) fn prototype<'b>(&self, btf: &'b Btf) -> Option<Bound<'b>> {
        let Arguments::Prototype(row) = self.arguments() else { return None };
        let holes = self.section.as_ref().map_or(&[][..], |s| &s.holes);
        prototype::find(btf, &row, holes).ok()
    }

    /// The kernel structs that its context may be.
    pub(super) fn context_records(&self) -> Vec<String> {
        match &self.section {
            Some(section) => self.row.context_records(&section.pattern, &section.holes),
            None => self.row.context.record.iter().cloned().collect(),
        }
    }

    /// Whether it may sleep.
    fn sleeps(&self) -> bool {
        let ops = self.row.struct_ops.as_ref();
        if let Some(callback) = self.callback.as_deref()
            && let Some(found) = ops.and_then(|ops| ops.callbacks.iter().find(|c| c.name == callback))
        {
            return found.sleepable;
        }
        let section = self.section.as_ref().and_then(|s| s.pattern.sleepable);
        section.unwrap_or(self.row.sleepable)
    }

    /// The context's field of that name, if it has a rule.
    pub(super) fn context_field(&self, name: &str) -> Option<&ContextField> {
        self.row.context_field(name)
    }

    /// The range that the verifier holds results against.
    pub(super) fn held_range(&self) -> Option<(i64, i64)> {
        let section = self.section.as_ref().map(|s| &s.pattern);
        let returns = self.row.returns_of(section, self.callback.as_deref());
        returns.range.filter(|_| returns.held)
    }

    /// What a failed automatic check returns.
    pub(super) fn on_failed_check(&self) -> i64 {
        if let Some(value) = self.fails {
            return value;
        }
        let section = self.section.as_ref().map(|s| &s.pattern);
        let returns = self.row.returns_of(section, self.callback.as_deref());
        let said = returns.on_failed_check.or(returns.default);
        let (least, most) = returns.range.unwrap_or((0, 0));
        said.unwrap_or(if least <= 0 && 0 <= most { 0 } else { least })
    }
}

/// Two program types that say different things.
#[derive(Clone, Debug)]
pub(super) struct Differ {
    /// The ids.
    pub(super) types: [String; 2],
}

impl Differ {
    /// The diagnostic; `what` is done at the place it is put at.
    pub(super) fn diagnostic(&self, what: &str) -> Diagnostic {
        let [a, b] = &self.types;
        Diagnostic::error(
            "mixed-program-types",
            format!("this function is called by programs of different types, in which {what} differently"),
        )
        .note(format!("the types are `{a}` and `{b}`"))
        .help("write the function once for each type of program")
    }
}

/// The rules of one function.
#[derive(Clone, Copy, Debug)]
pub(super) struct FunctionRules<'a, 'r> {
    /// The programs that reach it, each once for each type.
    pub(super) programs: &'a [Program<'r>],
    /// Whether it is such a program itself.
    pub(super) is_program: bool,
}

impl<'r> FunctionRules<'_, 'r> {
    /// The rule for memory of a region, `None` where it is forbidden.
    pub(super) fn region(&self, region: Region) -> Result<Option<RegionRule>, Differ> {
        if region == Region::Stack || self.programs.is_empty() {
            return Ok(usual(region));
        }
        self.common(|p| p.row.region(region))
    }

    /// Whether a program that reaches it may sleep.
    pub(super) fn sleeps(&self) -> bool {
        self.programs.iter().any(Program::sleeps)
    }

    /// What all programs say alike.
    pub(super) fn common<T: PartialEq>(&self, ask: impl Fn(&Program<'r>) -> T) -> Result<T, Differ> {
        let Some((first, rest)) = self.programs.split_first() else {
            return Err(Differ { types: ["none".to_owned(), "none".to_owned()] });
        };
        let answer = ask(first);
        match rest.iter().find(|p| ask(p) != answer) {
            Some(other) => Err(Differ { types: [first.id.to_owned(), other.id.to_owned()] }),
            None => Ok(answer),
        }
    }

    /// What a failed automatic check returns: in a subprogram 0, for its callers to see.
    pub(super) fn on_failed_check(&self) -> i64 {
        match self.programs {
            [program, ..] if self.is_program => program.on_failed_check(),
            _ => 0,
        }
    }
}

/// The rule where no program type says one.
fn usual(region: Region) -> Option<RegionRule> {
    let copy =
        |helper: &str| Access::Copy(Via { helper: helper.to_owned(), text: Some(format!("{helper}_str")) });
    let (read, write) = match region {
        Region::Stack
        | Region::MapValue
        | Region::Mem
        | Region::Arena
        | Region::Packet
        | Region::PacketMeta => (Access::Direct, Access::Direct),
        Region::Ctx | Region::Kernel => (Access::Direct, Access::Forbidden),
        Region::KernelUntrusted => (copy("bpf_probe_read_kernel"), Access::Forbidden),
        Region::User => (copy("bpf_probe_read_user"), Access::Forbidden),
        Region::PacketEnd | Region::PerCpu | Region::Dynptr | Region::Map | Region::Func => return None,
    };
    let (proof, arithmetic) = (pbpf_core::rows::Proof::default(), pbpf_core::rows::Arithmetic::Bounded);
    Some(RegionRule { read, write, proof, arithmetic, moves: false, align: 0 })
}

/// The rules of all functions of a module.
pub(super) struct Rules<'r> {
    programs: Table<FuncId, Vec<Program<'r>>>,
    is_program: Table<FuncId, bool>,
}

impl<'r> Rules<'r> {
    /// Looks the program types up; says which are not there.
    pub(super) fn new(module: &Module, registry: &'r Registry) -> (Self, Vec<Diagnostic>) {
        let mut programs: Table<FuncId, Vec<Program<'r>>> =
            module.functions.keys().map(|_| Vec::new()).collect();
        let mut missing = Vec::new();
        for (id, func) in module.functions.iter() {
            let FunctionKind::Program { section, program_type, fails } = &func.kind else { continue };
            let Some(found) = registry.find_program_type(program_type) else {
                missing.push(
                    Diagnostic::error(
                        "unknown-section",
                        format!("no plugin brings the program type `{program_type}`"),
                    )
                    .at(func.span)
                    .help("`pbpf plugin list` shows what is loaded"),
                );
                continue;
            };
            let registered = registry.program_type(found);
            let program = Program {
                id: &registered.id,
                row: &registered.row,
                section: registry.match_section(section).filter(|m| m.program_type == found),
                callback: callback_name(module, id),
                fails: *fails,
            };
            for reached in reach(module, id) {
                let list = &mut programs[reached];
                // Of one type, sections may bind arguments in different ways; subprograms do not see that.
                if reached == id || list.iter().all(|p| p.id != program.id) {
                    list.push(program.clone());
                }
            }
        }
        let is_program =
            module.functions.values().map(|f| matches!(f.kind, FunctionKind::Program { .. })).collect();
        (Self { programs, is_program }, missing)
    }

    /// Those of a function.
    pub(super) fn of(&self, func: FuncId) -> FunctionRules<'_, 'r> {
        FunctionRules {
            programs: self.programs.get(func).map_or(&[], Vec::as_slice),
            is_program: self.is_program.get(func).copied().unwrap_or(false),
        }
    }
}

/// The functions that `from` reaches by calls and callbacks, itself first.
pub(super) fn reach(module: &Module, from: FuncId) -> Vec<FuncId> {
    let mut seen = vec![from];
    let mut at = 0;
    while let Some(&id) = seen.get(at) {
        at += 1;
        let Some(func) = module.functions.get(id) else { continue };
        for (_, inst) in func.each_inst() {
            if let Op::Call { callee, .. } | Op::FuncAddr(callee) = func.insts[inst].op
                && module.functions.get(callee).is_some()
                && !seen.contains(&callee)
            {
                seen.push(callee);
            }
        }
    }
    seen
}

/// The member of a struct_ops variable that is set to a function.
fn callback_name(module: &Module, func: FuncId) -> Option<String> {
    let members = module.struct_ops.iter().flat_map(|ops| &ops.members);
    members.into_iter().find(|m| m.value == StructOpsValue::Func(func)).map(|m| m.name.clone())
}
