//! The directives that become steps of a plan: `run`, `attach`, `workload`, `map`, ...
//!
//! Promises: one directive line gives one step, `->` chains further ones; packets are built here, so a plan is plain data.
//! Leaves out: whether a program or a map of that name exists.

use crate::{
    packets,
    plan::{Action, Comparison, MapCheck, Parts, Place, Rivals, RunInput, RunTest, Step, Work},
    scan::Cursor,
    values::{self, Operator, Scalar},
};
use pbpf_loader::features::Feature;
use std::{env, ffi::OsStr};

/// Most inputs that one `for` may give.
const MOST_INPUTS: i64 = 4096;

/// The steps of directive `word`, or `None` if there is no such step.
pub(super) fn parse(word: &str, line: u32, c: &mut Cursor<'_>) -> Result<Option<Vec<Step>>, String> {
    let Some(first) = action(word, c)? else { return Ok(None) };
    let mut steps = vec![Step { line, action: first }];
    while c.eat("->") {
        let before = c.clone();
        let next = c.name()?;
        if let ("packet", Some(Action::Run(run))) = (next, steps.last_mut().map(|s| &mut s.action)) {
            run.packet_after = Some(packets::packet(c, None)?);
            continue;
        }
        if let ("ctx", Some(Action::Run(run))) = (next, steps.last_mut().map(|s| &mut s.action)) {
            c.expect("bytes")?;
            let (from, to) = byte_range(c)?;
            run.context_after.push((from, to, comparison(c)?));
            continue;
        }
        let action = action(next, c)?.ok_or_else(|| before.wanted("a step after `->`"))?;
        steps.push(Step { line, action });
    }
    c.finish()?;
    Ok(Some(steps))
}

fn action(word: &str, c: &mut Cursor<'_>) -> Result<Option<Action>, String> {
    Ok(Some(match word {
        "soon" => {
            let before = c.clone();
            let next = c.name()?;
            let action = action(next, c)?.filter(|a| matches!(a, Action::Map(_) | Action::Global { .. }));
            Action::Soon(Box::new(action.ok_or_else(|| before.wanted("`map` or `global`"))?))
        }
        "needs" => Action::Needs(need(c)?),
        "run" => Action::Run(run(c)?),
        "attach" => Action::Attach(match () {
            () if c.eat_word("veth") => {
                if c.eat_word("generic") {
                    Place::VethGeneric
                } else {
                    Place::Veth
                }
            }
            () if c.eat_word("lo") => Place::Loopback,
            () if c.eat_word("cgroup") => Place::Cgroup,
            () if c.eat_word("netns") => Place::NetNamespace,
            () if c.eat_word("socket") => Place::Socket,
            () if c.eat_word("clock") => Place::Clock,
            () if c.eat_word("local-in") => Place::LocalIn,
            () => Place::Nowhere,
        }),
        "detach" => Action::Detach,
        "load" => {
            let before = c.clone();
            let word = c.name()?;
            let milliseconds = load_time(env::var_os("PBPF_LOAD_SECONDS").as_deref())?;
            let work = match word {
                "spin" => Work::Spin(positive(c)?, milliseconds),
                "wake" => Work::Wake(positive(c)?, milliseconds),
                "share" if c.eat_word("nice") => Work::Share(Rivals::Nice, milliseconds),
                "share" if c.eat_word("groups") => Work::Share(Rivals::Groups, milliseconds),
                _ => return Err(before.wanted("spin N, wake N, share nice or share groups")),
            };
            let count = if c.is_done() { None } else { Some(comparison(c)?) };
            Action::Workload { work, count }
        }
        "workload" => {
            let work = work(c)?;
            let count = if c.is_done() || c.rest().starts_with("->") { None } else { Some(comparison(c)?) };
            Action::Workload { work, count }
        }
        "prints" | "prints-any" => Action::Prints {
            text: c.quoted()?,
            times: if c.eat("*") { Some(positive(c)?) } else { None },
            anyone: word == "prints-any",
        },
        "reads" => Action::Reads(c.quoted()?),
        "map" => map(c)?,
        "put" => {
            let map = c.name()?.to_owned();
            c.expect("[")?;
            let key = parts(c)?;
            c.expect("]")?;
            c.expect("=")?;
            Action::Put { map, key, value: parts(c)? }
        }
        "ended" => Action::Ended(c.quoted()?),
        "listen" => Action::Listen(c.name()?.to_owned()),
        "record" => {
            let map = c.name()?.to_owned();
            let bytes = if c.eat_word("missing") {
                None
            } else {
                c.expect("==")?;
                Some(parts(c)?)
            };
            Action::Record { map, bytes }
        }
        "receive" => {
            let map = c.name()?.to_owned();
            c.expect("[")?;
            let key = parts(c)?;
            c.expect("]")?;
            Action::Receive { map, key }
        }
        "received" => {
            Action::Received(if c.eat_word("nothing") { None } else { Some(packets::packet(c, None)?) })
        }
        "global" => {
            let mut name = c.name()?.to_owned();
            if let Some(path) = member_path(c)? {
                name = format!("{name}.{path}");
            }
            Action::Global { name, expect: comparison(c)? }
        }
        "insns" => Action::Instructions { program: c.name()?.to_owned(), expect: comparison(c)? },
        "file" => {
            let path = c.run("a path", |ch| !ch.is_whitespace())?.to_owned();
            let within = c.eat_word("has");
            if !within {
                c.expect("==")?;
            }
            Action::File { path, text: c.quoted()?, within }
        }
        _ => return Ok(None),
    }))
}

/// How long a load takes, in milliseconds: two seconds, or as many as `PBPF_LOAD_SECONDS` says.
fn load_time(said: Option<&OsStr>) -> Result<u32, String> {
    let Some(said) = said else { return Ok(2000) };
    let seconds = said.to_str().and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
    let milliseconds = seconds.and_then(|seconds: u32| seconds.checked_mul(1000));
    milliseconds
        .ok_or_else(|| format!("PBPF_LOAD_SECONDS is `{}`, which is no number of seconds", said.display()))
}

fn comparison(c: &mut Cursor<'_>) -> Result<Comparison, String> {
    Ok(Comparison { operator: Operator::parse(c)?, value: Scalar::parse(c)? })
}

fn positive(c: &mut Cursor<'_>) -> Result<u32, String> {
    let before = c.clone();
    u32::try_from(c.integer()?).map_err(|_| before.wanted("a number that is not negative"))
}

fn need(c: &mut Cursor<'_>) -> Result<String, String> {
    let need = c.run("a need", |_| true)?.trim();
    if Feature::parse(need).is_some() {
        return Ok(need.to_owned());
    }
    let names: Vec<&str> = Feature::names().collect();
    Err(format!(
        "unknown need `{need}`; there are {}, kernel>=A.B, file:PATH, struct:NAME, function:NAME and symbol:NAME",
        names.join(", ")
    ))
}

fn run(c: &mut Cursor<'_>) -> Result<RunTest, String> {
    let program = c.name()?.to_owned();
    let arguments = c.clone();
    // The first reading finds the end of the arguments, where the range of `N` stands.
    let mut inputs = vec![input(c, Some(0))?];
    if c.eat_word("for") {
        c.expect("N")?;
        c.expect("in")?;
        let first = bound(c)?;
        c.expect("..")?;
        let inclusive = c.eat("=");
        let last = bound(c)? + i64::from(inclusive);
        if !(0 <= first && first < last && last - first <= MOST_INPUTS) {
            return Err(format!("the range of `N` must give 1 to {MOST_INPUTS} numbers from 0 on"));
        }
        inputs = (first..last)
            .map(|n| {
                let mut again = input(&mut arguments.clone(), Some(n))?;
                again.label = format!("N={n}");
                Ok(again)
            })
            .collect::<Result<_, String>>()?;
    } else {
        // Once more without a value for `N`, which must not be used then.
        inputs = vec![input(&mut arguments.clone(), None)?];
    }
    Ok(RunTest { program, inputs, returns: comparison(c)?, packet_after: None, context_after: Vec::new() })
}

/// A bound of a range: digits only, because `0..64` must not be read as one number.
fn bound(c: &mut Cursor<'_>) -> Result<i64, String> {
    let digits = c.run("a number", |ch| ch.is_ascii_digit())?;
    digits.parse().map_err(|_| format!("`{digits}` is too large"))
}

fn input(c: &mut Cursor<'_>, n: Option<i64>) -> Result<RunInput, String> {
    let mut input = RunInput::default();
    c.expect("(")?;
    while !c.eat(")") {
        let before = c.clone();
        match c.name()? {
            "packet" => {
                c.expect("=")?;
                input.packet = Some(packets::packet(c, n)?);
            }
            "ctx" => {
                c.expect("=")?;
                input.context = Some(context(c, n)?);
            }
            _ => return Err(before.wanted("`packet=`, `ctx=` or `)`")),
        }
        c.eat(",");
    }
    Ok(input)
}

/// `u64[1, 2]`, `u32[...]`, or anything a packet can be (`zeros(16)`, `hex(...)`).
fn context(c: &mut Cursor<'_>, n: Option<i64>) -> Result<Vec<u8>, String> {
    let width = match () {
        () if c.eat("u64[") => 8,
        () if c.eat("u32[") => 4,
        () => return packets::packet(c, n),
    };
    let mut bytes = Vec::new();
    while !c.eat("]") {
        let value = match () {
            () if c.eat_word("N") => n.ok_or("`N` is used without `for N in A..B`")?,
            () => values::number(c)?,
        };
        bytes.extend(&value.to_le_bytes()[..width]);
        c.eat(",");
    }
    Ok(bytes)
}

/// `.a.b[3].c` behind a value, as `a.b.3.c`; nothing if nothing follows.
fn member_path(c: &mut Cursor<'_>) -> Result<Option<String>, String> {
    let mut path = Vec::new();
    loop {
        if c.eat(".") {
            path.push(c.name()?.to_owned());
        } else if c.eat("[") {
            path.push(bound(c)?.to_string());
            c.expect("]")?;
        } else {
            return Ok((!path.is_empty()).then(|| path.join(".")));
        }
    }
}

fn map(c: &mut Cursor<'_>) -> Result<Action, String> {
    let map = c.name()?.to_owned();
    if c.eat(".len") {
        return Ok(Action::MapLength { map, expect: comparison(c)? });
    }
    c.expect("[")?;
    let key = parts(c)?;
    c.expect("]")?;
    let field = member_path(c)?;
    let bytes = if c.eat_word("bytes") { Some(byte_range(c)?) } else { None };
    let expect = if c.eat_word("missing") { None } else { Some(comparison(c)?) };
    Ok(Action::Map(MapCheck { map, key, field, bytes, expect }))
}

/// A key or a value: a number, or `{80:2, 6:1}`.
fn parts(c: &mut Cursor<'_>) -> Result<Parts, String> {
    if !c.eat("{") {
        return Ok(vec![(Scalar::parse(c)?, None)]);
    }
    let mut parts = Vec::new();
    while !c.eat("}") {
        let part = Scalar::parse(c)?;
        c.expect(":")?;
        parts.push((part, Some(positive(c)? as usize)));
        c.eat(",");
    }
    Ok(parts)
}

/// `4..8`.
fn byte_range(c: &mut Cursor<'_>) -> Result<(usize, usize), String> {
    let first = bound(c)? as usize;
    c.expect("..")?;
    let last = bound(c)? as usize;
    if first < last { Ok((first, last)) } else { Err("the range of bytes is empty".to_owned()) }
}

fn work(c: &mut Cursor<'_>) -> Result<Work, String> {
    let before = c.clone();
    let word = c.run("a workload", |ch| ch.is_alphanumeric() || ch == '-')?;
    if word == "frame" {
        let frame = packets::packet(c, None)?;
        let answer = if c.eat_word("answered") { Some(packets::packet(c, None)?) } else { None };
        return Ok(Work::Frame(frame, answer));
    }
    let mut argument = || c.run("an argument", |ch| !ch.is_whitespace()).map(str::to_owned);
    Ok(match word {
        "exec" => Work::Exec(positive(c)?.max(1)),
        "unlink" => Work::Unlink(argument()?),
        "open" => Work::Open(positive(c)?),
        "syscall" => Work::Syscall(argument()?, positive(c)?),
        "sleep" => Work::Sleep(positive(c)?),
        "spin" => Work::Spin(positive(c)?, positive(c)?),
        "ping" => Work::Ping(argument()?, positive(c)?),
        "udp" => Work::Udp(argument()?, positive(c)?),
        "udp-echo" => Work::UdpEcho(argument()?, positive(c)?),
        "tcp" => Work::Tcp(argument()?, positive(c)?),
        "tcp-echo" => Work::TcpEcho(positive(c)?),
        "sockets" if c.eat_word("unix") => Work::Sockets(0),
        "sockets" => Work::Sockets(positive(c)?),
        "probe" => Work::Probe(positive(c)?),
        _ => {
            let known = "exec, unlink, open, syscall, sleep, spin, ping, udp, udp-echo, tcp, tcp-echo, frame, sockets or probe";
            return Err(before.wanted(known));
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;

    fn one(word: &str, text: &str) -> Action {
        let mut steps = parse(word, 1, &mut Cursor::new(text)).unwrap().unwrap();
        assert_eq!(steps.len(), 1);
        steps.remove(0).action
    }

    fn refuse(word: &str, text: &str) -> String {
        parse(word, 1, &mut Cursor::new(text)).unwrap_err()
    }

    #[test]
    fn runs_over_every_length() {
        let Action::Run(run) = one("run", "f(packet=eth/ip cut N) for N in 0..=64 == XDP_DROP") else {
            panic!()
        };
        assert_eq!(run.inputs.len(), 65);
        assert_eq!(run.inputs[64].packet.as_ref().unwrap().len(), 64);
        assert_eq!(run.inputs[3].label, "N=3");
        assert_eq!(run.returns, Comparison { operator: Operator::Equal, value: Scalar::Number(1) });
    }

    #[test]
    fn chains() {
        let steps =
            parse("run", 3, &mut Cursor::new("f(packet=eth) == 2 -> packet eth/\"x\" -> map counts[6] == 1"));
        let steps = steps.unwrap().unwrap();
        assert_eq!(steps.len(), 2);
        let Action::Run(run) = &steps[0].action else { panic!() };
        assert_eq!(run.packet_after.as_ref().unwrap().len(), 15);
        assert_eq!(steps[1].line, 3);
    }

    #[test]
    fn contexts() {
        let Action::Run(run) = one("run", "f(ctx=zeros(192)) == 0 -> ctx bytes 8..12 == 5") else { panic!() };
        assert_eq!((run.context_after[0].0, run.context_after[0].1), (8, 12));
        let Action::Run(run) = one("run", "f(ctx=u64[1, -1]) >= 0") else { panic!() };
        assert_eq!(run.inputs[0].context.as_ref().unwrap().len(), 16);
        assert_eq!(run.inputs[0].packet, None);
    }

    #[test]
    fn maps() {
        let Action::Map(check) = one("map", "flows[{$pid:4, 80:2}] bytes 8..16 >= 2") else { panic!() };
        assert_eq!(check.key[1], (Scalar::Number(80), Some(2)));
        assert_eq!(check.bytes, Some((8, 16)));
        let Action::Map(check) = one("map", "flows[1].packets == 2") else { panic!() };
        assert_eq!(check.field.as_deref(), Some("packets"));
        let Action::Map(check) = one("map", "counts[7] missing") else { panic!() };
        assert_eq!(check.expect, None);
        assert!(matches!(one("soon", "map counts[7] == 2"), Action::Soon(_)));
        assert!(matches!(one("map", "counts.len == 3"), Action::MapLength { .. }));
        let Action::Put { key, value, .. } = one("put", "servers[3] = {7:4, hex(0a0b):6}") else { panic!() };
        assert_eq!((key.len(), value.len()), (1, 2));
    }

    #[test]
    fn the_rest() {
        assert_eq!(one("needs", "kernel >= 6.12"), Action::Needs("kernel >= 6.12".to_owned()));
        assert_eq!(one("attach", "veth"), Action::Attach(Place::Veth));
        assert_eq!(one("attach", "veth generic"), Action::Attach(Place::VethGeneric));
        assert_eq!(one("attach", ""), Action::Attach(Place::Nowhere));
        assert!(matches!(one("workload", "ping 10.77.0.1 3 == 0"), Action::Workload { count: Some(_), .. }));
        assert!(matches!(one("prints", "\"pid $pid\" * 2"), Action::Prints { times: Some(2), .. }));
        assert_eq!(one("reads", "\"pid $pid\""), Action::Reads("pid $pid".to_owned()));
        assert!(matches!(one("file", "/sys/kernel/x == \"enabled\""), Action::File { within: false, .. }));
        assert!(matches!(one("file", "/proc/x has \"word\""), Action::File { within: true, .. }));
        assert!(matches!(one("global", "hits > 0"), Action::Global { .. }));
        assert_eq!(one("listen", "events"), Action::Listen("events".to_owned()));
        assert!(matches!(one("record", "events == {7:4, hex(0a):1}"), Action::Record { bytes: Some(_), .. }));
        assert!(matches!(one("record", "events missing"), Action::Record { bytes: None, .. }));
        assert!(matches!(one("receive", "sockets[0]"), Action::Receive { .. }));
        assert!(matches!(one("received", "eth/ip/\"x\""), Action::Received(Some(_))));
        assert_eq!(one("received", "nothing"), Action::Received(None));
        assert!(matches!(one("insns", "f <= 40"), Action::Instructions { .. }));
    }

    #[test]
    fn how_long_a_load_takes() {
        let time = |said: &str| load_time(Some(OsStr::new(said)));
        assert_eq!(load_time(None), Ok(2000));
        assert_eq!(time("30"), Ok(30_000));
        for wrong in ["", "soon", "-1", "0", "1.5", "4294968", "99999999999"] {
            assert!(time(wrong).unwrap_err().contains("PBPF_LOAD_SECONDS"), "{wrong}");
        }
    }

    #[test]
    fn refusals() {
        assert!(refuse("run", "f(packet=zeros(N)) == 0").contains("for N in"));
        assert!(refuse("run", "f(packet=zeros(N)) for N in 5..5 == 0").contains("range"));
        assert!(refuse("soon", "detach").contains("`map` or `global`"));
        assert!(refuse("run", "f(paket=1) == 0").contains("packet="));
        assert!(refuse("workload", "dance").contains("exec, unlink"));
        assert!(refuse("needs", "luck").contains("sched_ext"));
        assert!(refuse("map", "a[1] bytes 3..3 == 0").contains("empty"));
        assert!(refuse("receive", "sockets").contains("`[`"));
        assert!(refuse("received", "something").contains("a packet layer"));
        assert!(refuse("detach", "now").contains("the end of the line"));
        assert!(parse("dance", 1, &mut Cursor::new("")).unwrap().is_none());
    }
}
