//! All cases: finds them, builds them, does their plans on the running kernel and in the VMs, and sums up.
//!
//! Promises: two cases at a time on the running kernel; one boot for each VM kernel, side by side; a case that could not be tried is
//! counted as skipped with its reason, and under `CI=true` what a machine of ours must have is not skipped but failed.
//! Leaves out: what the words of a case mean.

use crate::{
    bpftool,
    compile::{self, Built, Found},
    directives::{Bpftool, Kind},
    places::Places,
    plan::{Plan, Verdict},
    report::{Outcome, Report, Results},
    runner, sys, vm,
};
use pbpf_loader::features;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Cases that are worked on at a time.
const WORKERS: usize = 2;

/// Folders of cases, from the root of the repository, and what stands before their names.
const FOLDERS: [(&str, &str); 2] = [("tests/cases", ""), ("tests/harness/fixtures", "harness/")];

/// What is to be run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only cases whose names contain one of these; none: all.
    pub filters: Vec<String>,
    /// Only the case with exactly that name.
    pub exact: bool,
    /// Nothing is loaded into the running kernel.
    pub no_kernel: bool,
    /// No VM is booted.
    pub no_vm: bool,
}

impl Selection {
    /// Whether a case is to be run.
    fn wants(&self, name: &str) -> bool {
        let matches =
            |filter: &String| if self.exact { name == filter } else { name.contains(filter.as_str()) };
        self.filters.is_empty() || self.filters.iter().any(matches)
    }
}

/// The cases that are there, by name. Folders and files whose names start with `_` belong to other cases.
pub fn find(places: &Places, selection: &Selection) -> Vec<Found> {
    let mut found = Vec::new();
    for (folder, prefix) in FOLDERS {
        walk(&places.root, Path::new(folder), &mut |file| {
            let Some(kind) = file.to_str().and_then(Kind::of) else { return };
            let below = file.strip_prefix(folder).unwrap_or(file).with_extension("");
            let name = format!("{prefix}{}", below.display());
            if selection.wants(&name) {
                found.push(Found { name, file: file.to_owned(), kind });
            }
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn walk(root: &Path, folder: &Path, visit: &mut impl FnMut(&Path)) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        if entry.file_name().to_string_lossy().starts_with(['_', '.']) {
            continue;
        }
        if entry.path().is_dir() { walk(root, &path, visit) } else { visit(&path) }
    }
}

/// Runs the cases; `say` gets a line for each result.
pub fn run(places: &Places, selection: &Selection, say: &(impl Fn(&str) + Sync)) -> Results {
    let results = Mutex::new(Results::default());
    let add = |kernel: &str, report: Report| {
        say(&line(kernel, &report));
        results.lock().unwrap_or_else(PoisonError::into_inner).add(kernel, report);
    };
    let found = find(places, selection);
    let here = Here::find(selection);
    let vm_plans: Mutex<BTreeMap<String, Vec<Plan>>> = Mutex::default();
    let without_page: Mutex<BTreeSet<String>> = Mutex::default();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(found) = found.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut built = built(places, found, here.barred.is_none(), &add);
                    let codes = std::mem::take(&mut built.without_page);
                    without_page.lock().unwrap_or_else(PoisonError::into_inner).extend(codes);
                    let Some(plan) = built.plan.take() else { continue };
                    here.run(places, &built, &plan, &add);
                    let mut plans = vm_plans.lock().unwrap_or_else(PoisonError::into_inner);
                    for kernel in &built.case.vms {
                        plans.entry(kernel.clone()).or_default().push(plan.clone());
                    }
                }
            });
        }
    });
    // One failure for all, so that a page that is not written yet hides nothing else.
    for code in without_page.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let message = format!("docs/errors/{code}.md is missing");
        add("", Report::new(&format!("page of {code}"), Outcome::Failed(vec![message])));
    }
    let mut vm_plans = vm_plans.into_inner().unwrap_or_else(PoisonError::into_inner);
    if selection.no_vm {
        for (kernel, plans) in std::mem::take(&mut vm_plans) {
            for plan in plans {
                add(&kernel, Report::new(&plan.case, Outcome::Skipped("no VM wanted".to_owned())));
            }
        }
    }
    run_vms(places, vm_plans, &add);
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Builds a case and reports on that.
fn built(places: &Places, found: &Found, kernel: bool, add: &impl Fn(&str, Report)) -> Built {
    let mut built = compile::build(places, found, kernel);
    let outcome = match &built.skipped {
        Some(reason) if ci() => Outcome::Failed(vec![reason.clone()]),
        Some(reason) => Outcome::Skipped(reason.clone()),
        None if built.failures.is_empty() => Outcome::Passed,
        None => Outcome::Failed(std::mem::take(&mut built.failures)),
    };
    add("", Report::new(&found.name, outcome));
    built
}

/// Whether this is a machine that must have everything.
pub fn ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}

/// The running kernel.
struct Here {
    release: String,
    /// Why nothing can be loaded into it.
    barred: Option<String>,
    /// Plans that attach something take turns, so that what one prints and counts is its own.
    turn: Mutex<()>,
}

impl Here {
    fn find(selection: &Selection) -> Self {
        let version = features::KernelVersion::running();
        let release = version.map_or("this kernel".to_owned(), |v| format!("{}.{}", v.major, v.minor));
        let barred = if selection.no_kernel {
            Some("no kernel wanted".to_owned())
        } else if !sys::is_root() {
            Some("not root".to_owned())
        } else {
            features::bpf_permitted().err().map(|errno| format!("bpf() is not permitted: {errno}"))
        };
        Self { release, barred, turn: Mutex::new(()) }
    }

    fn run(&self, places: &Places, built: &Built, plan: &Plan, add: &impl Fn(&str, Report)) {
        let add = |report| add(&self.release, report);
        if let Some(reason) = &self.barred {
            return add(Report::new(&plan.case, Outcome::Skipped(reason.clone())));
        }
        let file = places.object(&plan.case).with_extension("plan.json");
        let written = serde_json::to_vec(plan).map_err(|e| e.to_string());
        let written = written.and_then(|text| fs::write(&file, text).map_err(|e| e.to_string()));
        if let Err(message) = written {
            return add(Report::new(
                &plan.case,
                Outcome::Failed(vec![format!("{}: {message}", file.display())]),
            ));
        }
        let turn = (!plan.steps.is_empty()).then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        let mut report = runner::run(&plan.case, &file, plan.limit());
        drop(turn);
        // Where the kernel lacks what the case needs from the start, nothing was loaded and bpftool could not either.
        let loaded = report.outcome == Outcome::Passed || !report.programs.is_empty();
        if plan.verdict == Verdict::Accept
            && plan.fails.is_none()
            && loaded
            && !matches!(report.outcome, Outcome::Failed(_))
        {
            if let Err(message) = bpftool::load(built.case.bpftool, &plan.object) {
                report.outcome = Outcome::Failed(vec![message]);
            } else if built.case.bpftool == Bpftool::Nothing {
                report.notes.push("not loaded by bpftool".to_owned());
            }
        }
        add(report);
    }
}

fn run_vms(places: &Places, plans: BTreeMap<String, Vec<Plan>>, add: &(impl Fn(&str, Report) + Sync)) {
    let (there, missing): (BTreeMap<_, _>, BTreeMap<_, _>) =
        plans.into_iter().partition(|(kernel, _)| places.kernel(kernel).is_some());
    for (kernel, plans) in missing {
        let reason = format!("kernel {kernel} is not there; `make kernels` fetches it");
        for plan in plans {
            let outcome =
                if ci() { Outcome::Failed(vec![reason.clone()]) } else { Outcome::Skipped(reason.clone()) };
            add(&kernel, Report::new(&plan.case, outcome));
        }
    }
    if there.is_empty() {
        return;
    }
    match vm::build_guest(places) {
        Ok(guest) => thread::scope(|scope| {
            for (kernel, mut plans) in there {
                plans.sort_by(|a, b| a.case.cmp(&b.case));
                let guest = &guest;
                scope.spawn(move || {
                    for report in vm::run(places, &kernel, guest, &plans) {
                        add(&kernel, report);
                    }
                });
            }
        }),
        Err(message) => {
            for (kernel, plans) in there {
                for plan in plans {
                    add(&kernel, Report::new(&plan.case, Outcome::Failed(vec![message.clone()])));
                }
            }
        }
    }
}

/// `case xdp/count on 6.18 ... ok`, in the style of `cargo test`.
fn line(kernel: &str, report: &Report) -> String {
    let place = if kernel.is_empty() { String::new() } else { format!(" on {kernel}") };
    let notes =
        if report.notes.is_empty() { String::new() } else { format!(" ({})", report.notes.join("; ")) };
    let end = match &report.outcome {
        Outcome::Passed => "ok".to_owned(),
        Outcome::Failed(failures) => {
            format!("FAILED\n    {}", failures.join("\n    ").replace('\n', "\n    "))
        }
        Outcome::Unmet(need) => format!("in part: {need}"),
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
    };
    format!("case {}{place} ... {end}{notes}", report.case)
}
