//! `pbpf run`: loads, attaches, and prints what the program prints.
//!
//! Promises: what was attached is detached at the end, at Ctrl-C too. Leaves out: pinning.

use super::{failed, verify, watched};
use crate::args::RunArgs;
use crate::compile::Watching;
use crate::kernel;
use crate::report;
use crate::setup::{Setup, bad_option};
use pbpf_core::diag::Diagnostic;
use pbpf_core::registry::Registry;
use pbpf_core::rows::AttachKind;
use pbpf_core::source::SourceMap;
use pbpf_loader::{Hook, Loaded, Object, OpenOptions, Target, TracePipe};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Set when the user wants to stop.
static STOP: AtomicBool = AtomicBool::new(false);

/// How long one wait for a line lasts, so that Ctrl-C is seen.
const TICK: Duration = Duration::from_millis(100);

/// Runs the command.
pub(crate) fn run(args: &RunArgs) -> u8 {
    let format = args.compiling.common.message_format;
    let setup = match Setup::new(&args.compiling) {
        Ok(setup) => setup,
        Err(error) => return failed(error, format),
    };
    let plan = match setup.session.plan() {
        Ok(plan) => plan,
        Err(error) => return failed(error, format),
    };
    let (built, mut diagnostics, sources) =
        verify::object(&setup, &plan, &args.file, &Watching::from(&args.compiling));
    let Some(built) = built else { return report::finish(&diagnostics, &sources, format) };
    if let Err(errors) = attach_and_watch(args, &setup, built, &sources) {
        diagnostics.extend(errors);
    }
    report::finish(&diagnostics, &sources, format)
}

fn attach_and_watch(
    args: &RunArgs,
    setup: &Setup,
    built: kernel::Built,
    sources: &SourceMap,
) -> Result<(), Vec<Diagnostic>> {
    let duration = match args.duration {
        Some(seconds) => Some(Duration::try_from_secs_f64(seconds).map_err(|_| {
            vec![bad_option(&format!("{seconds} is no number of seconds"), "give a positive number")]
        })?),
        None => None,
    };
    let interface = args.interface.as_deref().map(interface_index).transpose().map_err(|e| vec![e])?;
    let hook = args.hook.as_deref().map(hook_of).transpose().map_err(|e| vec![e])?;
    kernel::permitted().map_err(|e| vec![e])?;
    let name = Some(built.name.clone());
    let registry = setup.session.plugins.registry();
    let mut options = OpenOptions { name, globals: args.set.clone(), ..OpenOptions::default() };
    let mut object =
        Object::open_bytes(built.bytes.clone(), &options).map_err(|e| vec![kernel::open_error(&e)])?;
    if interface.is_some() && asks_device(&object, registry) {
        options.device = interface;
        object = Object::open_bytes(built.bytes, &options).map_err(|e| vec![kernel::open_error(&e)])?;
    }
    let loaded = object.load().map_err(|e| kernel::load_error(&e, sources, setup))?;
    // Opened before anything is attached, so that the first line shows too.
    let mut pipe = TracePipe::open().map_err(|e| {
        vec![Diagnostic::error("no-trace", format!("what programs print cannot be read: {e}"))]
    })?;
    let places = Places {
        interface,
        cgroup: args.cgroup.clone(),
        netns: args.netns.clone(),
        frequency: args.frequency,
        hook,
    };
    let targets = targets(&loaded, &places, registry).map_err(|e| vec![e])?;
    let mut watched = watched::all(&loaded, registry, &built.callbacks);
    let attached = loaded.attach_all(&targets, None).map_err(|e| vec![kernel::attach_error(&e)])?;
    if let Some(name) = attached.unattached.first() {
        return Err(vec![by_other_means(name, loaded.program(name).map_or("", |p| p.section()), registry)]);
    }
    catch_interrupt();
    let end = duration.map(|d| Instant::now() + d);
    while !STOP.load(Ordering::Relaxed) && end.is_none_or(|end| Instant::now() < end) {
        if let Some(error) = watched.iter_mut().find_map(watched::Watched::ended) {
            return Err(vec![error]);
        }
        let tick = Instant::now() + TICK;
        let deadline = end.map_or(tick, |end| end.min(tick));
        match pipe.next_line(deadline) {
            Ok(Some(line)) => report::out(&format!("{:>16}-{:<7} {}\n", line.comm, line.pid, line.text)),
            Ok(None) => {}
            Err(e) => {
                return Err(vec![Diagnostic::error(
                    "no-trace",
                    format!("what programs print cannot be read: {e}"),
                )]);
            }
        }
    }
    if args.maps {
        report::out(&maps(&loaded));
    }
    Ok(())
}

/// Whether programs call what only those may that are bound to a device.
fn asks_device(object: &Object, registry: &Registry) -> bool {
    let bound =
        |name: &str| registry.find_helper(name).is_some_and(|id| registry.helper(id).row.device_bound);
    object.kernel_functions().iter().any(|name| bound(name))
}

/// Where programs go that do not say it themselves.
struct Places {
    interface: Option<u32>,
    cgroup: Option<PathBuf>,
    netns: Option<PathBuf>,
    frequency: u64,
    hook: Option<Hook>,
}

/// The places of the programs whose types are attached to something that the user names.
fn targets(
    loaded: &Loaded,
    places: &Places,
    registry: &Registry,
) -> Result<Vec<(String, Target)>, Diagnostic> {
    let mut targets = Vec::new();
    for program in loaded.programs() {
        let Some(found) = registry.match_section(program.section()) else { continue };
        let target = match registry.program_type(found.program_type).row.attach {
            AttachKind::Auto | AttachKind::StructOps | AttachKind::Manual => continue,
            AttachKind::Interface => match places.interface {
                Some(index) => Target::Interface { index, flags: 0 },
                None => return Err(unplaced(program.name(), "network interface", "--interface")),
            },
            AttachKind::Cgroup => match &places.cgroup {
                Some(path) => Target::Cgroup(path.clone()),
                None => return Err(unplaced(program.name(), "control group", "--cgroup")),
            },
            AttachKind::Clock => Target::Clock(places.frequency),
            AttachKind::Hook => match places.hook {
                Some(hook) => Target::Hook(hook),
                None => return Err(unplaced(program.name(), "hook of netfilter", "--hook")),
            },
            AttachKind::Sockets => Target::Sockets(map_of_sockets(loaded, program.name())?),
            AttachKind::NetNamespace => {
                let own = || PathBuf::from("/proc/self/ns/net");
                Target::NetNamespace(places.netns.clone().unwrap_or_else(own))
            }
        };
        targets.push((program.name().to_owned(), target));
    }
    Ok(targets)
}

fn unplaced(name: &str, what: &str, option: &str) -> Diagnostic {
    let message = format!("program `{name}` attaches to a {what}, and none is named");
    Diagnostic::error("not-attached", message).help(format!("name one with `{option}`"))
}

/// The one map of sockets, whose sockets the program is for.
fn map_of_sockets(loaded: &Loaded, program: &str) -> Result<String, Diagnostic> {
    let maps: Vec<&str> =
        loaded.maps().iter().filter(|m| m.holds_sockets()).map(pbpf_loader::Map::name).collect();
    match maps.as_slice() {
        [one] => Ok((*one).to_owned()),
        others => {
            let message =
                format!("program `{program}` attaches to a map of sockets, and there are {}", others.len());
            Err(Diagnostic::error("not-attached", message).help("declare one `SockMap` or `SockHash`"))
        }
    }
}

/// A hook of netfilter by its names (`include/uapi/linux/netfilter.h`).
fn hook_of(text: &str) -> Result<Hook, Diagnostic> {
    const FAMILIES: [(&str, u32); 2] = [("ipv4", 2), ("ipv6", 10)];
    const HOOKS: [(&str, u32); 5] =
        [("prerouting", 0), ("local-in", 1), ("forward", 2), ("local-out", 3), ("postrouting", 4)];
    let named = |names: &[(&str, u32)], name: &str| names.iter().find(|(n, _)| *n == name).map(|(_, n)| *n);
    let mut parts = text.split(':');
    let family = parts.next().and_then(|name| named(&FAMILIES, name));
    let number = parts.next().and_then(|name| named(&HOOKS, name));
    let priority = parts.next().map_or(Some(0), |n| n.parse().ok());
    match (family, number, priority, parts.next()) {
        (Some(family), Some(number), Some(priority), None) => Ok(Hook { family, number, priority }),
        _ => Err(bad_option(
            &format!("`{text}` is no hook of netfilter"),
            "write `ipv4` or `ipv6`, `:`, and `prerouting`, `local-in`, `forward`, `local-out` or `postrouting`; a priority may follow",
        )),
    }
}

/// Nothing says where a program goes, and no option could.
fn by_other_means(name: &str, section: &str, registry: &Registry) -> Diagnostic {
    let ty = registry.match_section(section).map(|m| registry.program_type(m.program_type).id.clone());
    let message = match ty {
        Some(ty) => format!("program `{name}` of type `{ty}` cannot be attached by pbpf as its section is"),
        None => format!("program `{name}` cannot be attached by pbpf"),
    };
    Diagnostic::error("not-attached", message)
        .help("name in the section what it is attached to, or attach the built object by your own program")
}

fn interface_index(name: &str) -> Result<u32, Diagnostic> {
    let path = format!("/sys/class/net/{name}/ifindex");
    let text = if name.contains('/') { None } else { std::fs::read_to_string(path).ok() };
    text.and_then(|t| t.trim().parse().ok())
        .ok_or_else(|| Diagnostic::error("not-attached", format!("there is no network interface `{name}`")))
}

/// The maps and what is in them.
fn maps(loaded: &Loaded) -> String {
    let mut text = String::new();
    for map in loaded.maps().iter().filter(|m| m.has_values() && !m.name().contains(".rodata")) {
        let _ = writeln!(text, "map {} ({})", map.name(), map.kind_name());
        for (key, value) in map.entries().unwrap_or_default() {
            let _ = writeln!(text, "  {}: {}", key.to_json(), value.to_json());
        }
    }
    text
}

/// Ctrl-C and `kill` end the watch; the links are dropped on the way out.
#[allow(unsafe_code, reason = "the standard library has no signals")]
fn catch_interrupt() {
    extern "C" fn stop(_: libc::c_int) {
        STOP.store(true, Ordering::Relaxed);
    }
    let handler = stop as extern "C" fn(libc::c_int);
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: the handler only stores to an atomic, which is allowed in a signal handler.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}
