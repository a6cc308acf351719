//! Does a plan on the kernel that runs this process.
//!
//! Promises: everything is detached and unloaded when it returns; each failure names the line of the case; a warning of libbpf is a
//! failure, because what libbpf drops silently (BTF, source lines) is missed later. The first failing step ends the plan.
//! Leaves out: a time limit; `runner` does a plan in a process of its own, which can be ended.

mod checks;
mod kept;

use crate::{
    control_group::ControlGroup,
    network::Network,
    plan::{Action, Place, Plan, RunTest, Verdict},
    report::{Outcome, Program, Report},
    sys,
    values::{self, Scalar, Variables},
    workload,
    xsk::Xsk,
};
use kept::Kept;
use pbpf_core::rows::EndedRow;
use pbpf_loader::{
    Attached, Hook, LoadError, Loaded, Object, OpenOptions, Shown, Target, TestRun, TraceLine, TracePipe,
    Watch, features::Feature,
};
use std::{
    collections::BTreeMap,
    fs,
    net::{TcpListener, UdpSocket},
    os::fd::AsRawFd as _,
    process, thread,
    time::{Duration, Instant},
};

/// How long the kernel may take to end callbacks.
const ENDING: Duration = Duration::from_secs(20);

/// How long a printed line may take to arrive.
const PATIENCE: Duration = Duration::from_secs(3);

/// Lines of a verifier's log that a failure shows, from its end.
const LOG_LINES: usize = 40;

/// Does `plan` and reports what came of it.
pub fn execute(plan: &Plan) -> Report {
    let mut report = Report::new(&plan.case, Outcome::Passed);
    if let Some(missing) = plan.needs.iter().find(|need| !present(need)) {
        report.outcome = Outcome::Unmet(format!("needs {missing}"));
        return report;
    }
    report.outcome = match &plan.verdict {
        Verdict::Refuse { texts, lines } => match refused(plan, texts, lines, &mut report) {
            Ok(()) => Outcome::Passed,
            Err(failures) => Outcome::Failed(failures),
        },
        Verdict::Accept => match accepted(plan, &mut report) {
            Ok(outcome) => outcome,
            Err(failure) => Outcome::Failed(vec![failure]),
        },
    };
    report
}

fn present(need: &str) -> bool {
    Feature::parse(need).is_some_and(|feature| feature.present())
}

fn open(plan: &Plan, device: Option<u32>) -> Result<Object, String> {
    let options = OpenOptions { globals: plan.globals.clone(), device, ..OpenOptions::default() };
    Object::open(&plan.object, &options).map_err(|e| e.to_string())
}

fn refused(plan: &Plan, texts: &[String], lines: &[u32], report: &mut Report) -> Result<(), Vec<String>> {
    let object = open(plan, None).map_err(|e| vec![e])?;
    let sizes = sizes(&object);
    let (verdicts, _) = object.verify().map_err(|e| vec![load_failure(&e)])?;
    let mut failures = vec!["the kernel accepted every program".to_owned()];
    for verdict in verdicts {
        let mut program = Program {
            instructions: sizes.get(&verdict.program).copied().unwrap_or(0),
            name: verdict.program,
            accepted: true,
            processed: 0,
            reason: String::new(),
        };
        if let Err(error) = verdict.outcome {
            program.accepted = false;
            program.reason = error.to_string();
            failures = checks::refusal(&error, texts, lines);
        }
        report.programs.push(program);
        // One program that is refused as expected is what the case is about.
        if failures.is_empty() {
            return Ok(());
        }
    }
    Err(failures)
}

fn sizes(object: &Object) -> BTreeMap<String, u64> {
    object.programs().into_iter().map(|p| (p.name, p.instructions as u64)).collect()
}

fn load_failure(error: &LoadError) -> String {
    let mut text = error.to_string();
    if let LoadError::Refused(refused) = error {
        let lines: Vec<&str> = refused.log.lines().collect();
        for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
            text.push_str("\n    ");
            text.push_str(line);
        }
    }
    text
}

fn accepted(plan: &Plan, report: &mut Report) -> Result<Outcome, String> {
    let network = if plan.bound { Network::open(Place::Veth)? } else { None };
    let object = open(plan, network.as_ref().map(|n| n.device))?;
    let sizes = sizes(&object);
    let mut warnings: Vec<String> =
        object.messages().iter().filter(|m| m.is_warning()).map(ToString::to_string).collect();
    let loaded = object.load().map_err(|e| load_failure(&e))?;
    warnings.extend(loaded.warnings().map(ToString::to_string));
    for program in loaded.programs() {
        let seen = program.report();
        report.programs.push(Program {
            name: program.name().to_owned(),
            accepted: true,
            instructions: sizes.get(program.name()).copied().unwrap_or(0),
            processed: seen.stats.processed.unwrap_or(u64::from(seen.verified_instructions)),
            reason: String::new(),
        });
    }
    if !warnings.is_empty() {
        return Err(format!("libbpf warns: {}", warnings.join("; ")));
    }
    let mut session = Session {
        network,
        socket: None,
        listener: None,
        group: None,
        attached: None,
        trace: None,
        lines: Vec::new(),
        variables: Variables { pid: process::id(), parent: process::id(), comm: String::new() },
        own: vec![process::id()],
        watch: None,
        kept: BTreeMap::new(),
        xsk: None,
        sizes,
        loaded,
    };
    if plan.steps.iter().any(|step| matches!(step.action, Action::Prints { .. })) {
        session.trace = Some(TracePipe::open().map_err(|e| format!("cannot read what programs print: {e}"))?);
    }
    if plan.steps.iter().any(|step| matches!(step.action, Action::Ended(_))) {
        session.watch = plan.ended.clone().map(|row| {
            let shown = Shown {
                state: row.state.as_str().into(),
                at_work: row.at_work.clone(),
                log: row.log.clone(),
            };
            (Watch::new(shown), row)
        });
    }
    for step in &plan.steps {
        if let Action::Needs(need) = &step.action
            && !present(need)
        {
            return Ok(Outcome::Unmet(format!("from line {} on, needs {need}", step.line)));
        }
        session.step(&step.action).map_err(|message| format!("line {}: {message}", step.line))?;
    }
    Ok(Outcome::Passed)
}

/// A loaded object at work. Fields drop in order: first what is attached, the object last.
struct Session {
    attached: Option<Attached>,
    trace: Option<TracePipe>,
    /// All that was printed so far.
    lines: Vec<TraceLine>,
    network: Option<Network>,
    socket: Option<UdpSocket>,
    listener: Option<TcpListener>,
    group: Option<ControlGroup>,
    variables: Variables,
    /// Processes whose printed lines count: this one and its workloads.
    own: Vec<u32>,
    /// Set when something is attached, if a step asks for the end.
    watch: Option<(Watch, EndedRow)>,
    /// The buffers that are listened to, by name.
    kept: BTreeMap<String, Kept>,
    /// Where frames come that programs redirect to user space.
    xsk: Option<Xsk>,
    sizes: BTreeMap<String, u64>,
    loaded: Loaded,
}

impl Session {
    fn step(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Needs(_) => Ok(()),
            Action::Soon(action) => {
                let deadline = Instant::now() + PATIENCE;
                loop {
                    let done = self.step(action);
                    if done.is_ok() || Instant::now() >= deadline {
                        return done;
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            }
            Action::Run(run) => self.run(run),
            Action::Attach(place) => self.attach(*place),
            Action::Detach => {
                let attached = self.attached.take().ok_or("nothing is attached")?;
                drop(attached);
                Ok(())
            }
            Action::Workload { work, count } => {
                let group = self.group.as_ref().map(|group| group.folder.clone());
                let run = || workload::run(work, group.as_deref());
                let (variables, seen) = match &self.network {
                    Some(network) => network.on_the_other_side(run)?,
                    None => run()?,
                };
                self.own.push(variables.pid);
                self.variables = variables;
                match count {
                    Some(expect) => checks::number("the workload's count", seen, 8, expect, &self.variables),
                    None => Ok(()),
                }
            }
            Action::Reads(text) => self.reads(text),
            Action::Prints { text, times, anyone } => self.prints(text, *times, *anyone),
            Action::Map(check) => checks::map(&self.loaded, check, &self.variables),
            Action::Put { map, key, value } => checks::put(&self.loaded, map, key, value, &self.variables),
            Action::Ended(text) => self.ended(text),
            Action::Listen(map) => {
                let kept = Kept::new(&self.loaded, map)?;
                self.kept.insert(map.clone(), kept);
                Ok(())
            }
            Action::Record { map, bytes } => {
                let kept = self.kept.get_mut(map).ok_or_else(|| format!("say `listen: {map}` before"))?;
                kept.next_is(bytes.as_ref(), &self.variables)
            }
            Action::Receive { map, key } => {
                let network = self.network.as_ref().ok_or("say `attach: veth` before")?;
                let xsk = match self.xsk.take() {
                    Some(xsk) => xsk,
                    None => Xsk::open(network.device).map_err(|e| format!("no AF_XDP socket: {e}"))?,
                };
                let fd = Scalar::Number(self.xsk.insert(xsk).as_raw_fd().into());
                checks::put(&self.loaded, map, key, &vec![(fd, None)], &self.variables)
            }
            Action::Received(frame) => self.received(frame.as_deref()),
            Action::MapLength { map, expect } => {
                checks::map_length(&self.loaded, map, expect, &self.variables)
            }
            Action::Global { name, expect } => checks::global(&self.loaded, name, expect, &self.variables),
            Action::Instructions { program, expect } => {
                let size = self.sizes.get(program).ok_or_else(|| self.no_program(program))?;
                checks::number(
                    &format!("the number of instructions of `{program}`"),
                    *size,
                    8,
                    expect,
                    &self.variables,
                )
            }
            Action::File { path, text, within } => {
                let seen = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
                if seen.trim() == text || (*within && seen.contains(text.as_str())) {
                    Ok(())
                } else {
                    Err(format!("{path} says \"{}\"", seen.trim()))
                }
            }
        }
    }

    fn no_program(&self, name: &str) -> String {
        let names: Vec<&str> = self.sizes.keys().map(String::as_str).collect();
        format!("the object has no program `{name}`; it has {}", names.join(", "))
    }

    fn attach(&mut self, place: Place) -> Result<(), String> {
        // A second `attach` finds the devices of the first.
        if self.network.is_none() {
            self.network = Network::open(place)?;
        }
        if place == Place::Cgroup && self.group.is_none() {
            self.group = Some(ControlGroup::make()?);
        }
        // The kernel's flag for the driver-independent mode is 2 (`XDP_FLAGS_SKB_MODE`, `linux/if_link.h`).
        let fallback = match (place, &self.network, &self.group) {
            (Place::Cgroup, _, Some(group)) => Some(Target::Cgroup(group.folder.clone())),
            (Place::NetNamespace, ..) => Some(Target::NetNamespace("/proc/thread-self/ns/net".into())),
            (Place::Socket, ..) => {
                let socket = match self.socket.take() {
                    Some(socket) => socket,
                    None => sys::shared_socket(7790).map_err(|e| e.to_string())?,
                };
                if self.listener.is_none() {
                    self.listener = Some(TcpListener::bind("127.0.0.1:7790").map_err(|e| e.to_string())?);
                }
                Some(Target::Socket(self.socket.insert(socket).as_raw_fd()))
            }
            (Place::Clock, ..) => Some(Target::Clock(99)),
            (Place::LocalIn, ..) => Some(Target::Hook(Hook { family: 2, number: 1, priority: 0 })),
            (_, Some(network), _) => {
                Some(Target::Interface { index: network.device, flags: if network.generic { 2 } else { 0 } })
            }
            _ => None,
        };
        let at_sockets = self.loaded.programs_at_sockets();
        let attached = self.loaded.attach_all(&at_sockets, fallback.as_ref()).map_err(|e| e.to_string())?;
        if !attached.unattached.is_empty() {
            return Err(format!(
                "nothing to attach {} to: say `attach: lo`, `veth`, `cgroup`, `netns`, `socket`, `clock` or `local-in`",
                attached.unattached.join(", ")
            ));
        }
        self.attached = Some(attached);
        Ok(())
    }

    fn run(&self, run: &RunTest) -> Result<(), String> {
        let program = self.loaded.program(&run.program).ok_or_else(|| self.no_program(&run.program))?;
        for input in &run.inputs {
            let test =
                TestRun { data: input.packet.clone(), context: input.context.clone(), ..TestRun::default() };
            let place = |message: String| match input.label.as_str() {
                "" => message,
                label => format!("with {label}: {message}"),
            };
            let result = program.test_run(&test).map_err(|e| place(e.to_string()))?;
            let what = format!("`{}`", run.program);
            checks::number(&what, result.value.into(), 4, &run.returns, &self.variables).map_err(place)?;
            if let Some(wanted) = &run.packet_after
                && *wanted != result.data
            {
                return Err(place(format!(
                    "the packet afterwards is {:02x?}, expected {wanted:02x?}",
                    result.data
                )));
            }
            for (from, to, expect) in &run.context_after {
                let bytes = result.context.get(*from..*to);
                let bytes = bytes.ok_or_else(|| place("the context is shorter; give one".to_owned()))?;
                let what = format!("bytes {from}..{to} of the context");
                checks::number(&what, values::little_endian(bytes), to - from, expect, &self.variables)
                    .map_err(place)?;
            }
        }
        Ok(())
    }

    /// The kernel ends the callbacks in time, and says this.
    fn ended(&mut self, text: &str) -> Result<(), String> {
        let (watch, row) =
            self.watch.as_mut().ok_or("no row of the program type says how the kernel ends it")?;
        let deadline = Instant::now() + ENDING;
        while Instant::now() < deadline {
            let Some(lines) = watch.ended() else {
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            let cause = row.reason(lines).map_or("", |reason| reason.cause.as_str());
            if lines.iter().map(String::as_str).chain([cause]).any(|said| said.contains(text)) {
                return Ok(());
            }
            return Err(format!("the kernel ended them, and says {lines:?}: {cause}"));
        }
        Err("the kernel did not end them".to_owned())
    }

    /// The next frame that came to user space is this one, or none comes.
    fn received(&mut self, wanted: Option<&[u8]>) -> Result<(), String> {
        let xsk = self.xsk.as_mut().ok_or("say `receive: MAP[KEY]` before")?;
        // A frame that must not come is waited for as well, but not for long.
        let patience = if wanted.is_some() { PATIENCE } else { PATIENCE / 10 };
        let seen = xsk.next(patience).map_err(|e| format!("the AF_XDP socket: {e}"))?;
        match (seen, wanted) {
            (Some(seen), Some(wanted)) if seen == wanted => Ok(()),
            (None, None) => Ok(()),
            (None, Some(_)) => Err("no frame came to user space".to_owned()),
            (Some(seen), Some(wanted)) => {
                Err(format!("the frame in user space is {seen:02x?}, expected {wanted:02x?}"))
            }
            (Some(seen), None) => Err(format!("a frame came to user space: {seen:02x?}")),
        }
    }

    /// What the iterators write holds the text.
    fn reads(&self, text: &str) -> Result<(), String> {
        let wanted = values::expand(text, &self.variables);
        let links = self.attached.iter().flat_map(|attached| &attached.links);
        let mut seen = String::new();
        for link in links {
            let bytes = link.read_iterator().map_err(|e| format!("`{}` cannot be read: {e}", link.name()))?;
            seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        if seen.contains(&wanted) {
            Ok(())
        } else {
            Err(format!("\"{wanted}\" is not in what is read:\n{seen}"))
        }
    }

    fn prints(&mut self, text: &str, times: Option<u32>, anyone: bool) -> Result<(), String> {
        let wanted = values::expand(text, &self.variables);
        let own = &self.own;
        let counts = |line: &&TraceLine| (anyone || own.contains(&line.pid)) && line.text.contains(&wanted);
        let pipe = self.trace.as_mut().ok_or("the trace is not open")?;
        // A line that must not come is waited for as well, but not for long.
        let patience = if times == Some(0) { PATIENCE / 10 } else { PATIENCE };
        let deadline = Instant::now() + patience;
        let enough = times.map_or(1, |n| n as usize).max(1);
        let mut seen = self.lines.iter().filter(counts).count();
        // What is there already is read in any case: one line too many is a failure.
        loop {
            let until = if seen < enough { deadline } else { Instant::now() };
            let line = pipe.next_line(until).map_err(|e| format!("cannot read what programs print: {e}"))?;
            let Some(line) = line else { break };
            seen += usize::from(counts(&&line));
            self.lines.push(line);
        }
        if times.map_or(seen > 0, |n| n as usize == seen) {
            return Ok(());
        }
        let lines = self.lines.iter().filter(|line| self.own.contains(&line.pid));
        let own: Vec<&str> = lines.map(|line| line.text.as_str()).take(10).collect();
        Err(format!("\"{wanted}\" was printed {seen} times; the lines of the case's processes: {own:?}"))
    }
}
