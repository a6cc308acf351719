//! Random structs of bitfields hold in the kernel what CPython's `ctypes` makes them hold: every byte, and what is read back.
//!
//! Promises: fields of all widths and signs, assigned on the stack and in a map, with values that do not fit too; `PBPF_SEED`
//! makes others. Without the privilege to load programs it says that it is skipped, which is a failure where a kernel is
//! promised. Leaves out: layout, which `random_layout` holds, and `c_bool`, of which ctypes writes the whole byte.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failing unwrap is a failing test, and a skipped one must say so"
)]

use pbpf_loader::{Object, OpenOptions, TestRun, features};
use pbpf_tests::{places::Places, process};
use std::{env, fmt::Write as _, fs, process::Command, time::Duration};

const LIMIT: Duration = Duration::from_secs(120);

/// Structs in a program, and programs.
const STRUCTS: usize = 8;
const PROGRAMS: u64 = 12;

const INTS: [(&str, u64); 8] = [
    ("c_int8", 8),
    ("c_uint8", 8),
    ("c_int16", 16),
    ("c_uint16", 16),
    ("c_int32", 32),
    ("c_uint32", 32),
    ("c_int64", 64),
    ("c_uint64", 64),
];

/// A small generator of numbers, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn value(&mut self) -> i64 {
        let bits = (self.below(1 << 31) << 32 | self.below(1 << 31) << 1 | self.below(2)).cast_signed();
        [0, 1, -1, bits, -bits, bits >> 40, bits >> 57][self.below(7) as usize]
    }
}

/// Classes of ctypes, and for each what is assigned to which field, and the field that is read.
struct Program {
    classes: String,
    assigned: Vec<Vec<(String, i64)>>,
    read: Vec<String>,
}

fn program(random: &mut Random) -> Program {
    let mut made = Program { classes: String::new(), assigned: Vec::new(), read: Vec::new() };
    for at in 0..STRUCTS {
        let (mut items, mut unit) = (Vec::new(), 0);
        let count = 2 + random.below(6);
        for f in 0..count {
            let candidates: Vec<_> = INTS.into_iter().filter(|(_, bits)| *bits >= unit).collect();
            let (ty, bits) = candidates[random.below(candidates.len() as u64) as usize];
            if random.below(4) > 0 {
                unit = bits;
                items.push(format!("(\"f{f}\", {ty}, {})", 1 + random.below(bits)));
            } else {
                unit = 0;
                items.push(format!("(\"f{f}\", {ty})"));
            }
        }
        writeln!(made.classes, "class S{at}(Structure):").unwrap();
        if random.below(3) == 0 {
            writeln!(made.classes, "    _pack_ = {}", 1 + random.below(2)).unwrap();
        }
        writeln!(made.classes, "    _fields_ = [{}]\n", items.join(", ")).unwrap();
        let mut assigned = Vec::new();
        for f in (0..count).chain(0..count / 2) {
            assigned.push((format!("f{f}"), random.value()));
        }
        made.assigned.push(assigned);
        made.read.push(format!("f{}", random.below(count)));
    }
    made
}

/// The source of the BPF program. The values go through a global variable, which the compiler does not know.
fn source(made: &Program) -> String {
    let mut text = format!(
        "from ctypes import *\nfrom pbpf import bpf, bpfglobal, map, section\nfrom pbpf.maps import ArrayMap\n\n{}",
        made.classes
    );
    for at in 0..STRUCTS {
        writeln!(text, "@bpf\n@map\ndef m{at}():\n    return ArrayMap(value=S{at}, max_entries=1)\n")
            .unwrap();
    }
    text.push_str("@bpf\n@map\ndef read():\n    return ArrayMap(value=c_int64, max_entries=8)\n\n");
    text.push_str("@bpf\n@bpfglobal\ndef zero() -> c_int64:\n    return 0\n\n");
    text.push_str("@bpf\n@section(\"xdp\")\ndef prog(ctx):\n");
    for at in 0..STRUCTS {
        let in_map = at % 2 == 1;
        if in_map {
            writeln!(text, "    s{at} = m{at}.lookup(0)\n    if not s{at}:\n        return 0").unwrap();
        } else {
            writeln!(text, "    s{at} = S{at}()").unwrap();
        }
        for (field, value) in &made.assigned[at] {
            writeln!(text, "    s{at}.{field} = zero ^ {value}").unwrap();
        }
        if !in_map {
            writeln!(text, "    m{at}[0] = s{at}").unwrap();
        }
        writeln!(text, "    read[{at}] = s{at}.{}", made.read[at]).unwrap();
    }
    text.push_str("    return 2\n\n@bpf\n@bpfglobal\ndef LICENSE() -> str:\n    return \"GPL\"\n");
    text
}

/// The bytes and the value read of each struct, as CPython has them.
fn of_python(made: &Program) -> Vec<(String, i64)> {
    let mut text = format!("import json\nfrom ctypes import *\n{}\nout = []\n", made.classes);
    for at in 0..STRUCTS {
        writeln!(text, "s = S{at}()").unwrap();
        for (field, value) in &made.assigned[at] {
            writeln!(text, "s.{field} = {value}").unwrap();
        }
        writeln!(text, "out.append((bytes(s).hex(), c_int64(s.{}).value))", made.read[at]).unwrap();
    }
    text.push_str("print(json.dumps(out))\n");
    let done = process::run(Command::new("python3").args(["-c", &text]), LIMIT).unwrap();
    assert_eq!(done.status, Some(0), "{}", done.last_words());
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn random_bitfields_hold_what_ctypes_makes_them_hold() {
    if features::bpf_permitted().is_err() {
        assert!(env::var("CI").as_deref() != Ok("true"), "the kernel does not load programs for this user");
        eprintln!("SKIPPED: the kernel does not load programs for this user");
        return;
    }
    let places = Places::find().unwrap();
    places.build_pbpf().unwrap();
    let folder = places.target.join("test-layout");
    fs::create_dir_all(&folder).unwrap();
    let seed = env::var("PBPF_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0_u64);
    for number in 0..PROGRAMS {
        let made = program(&mut Random(seed.wrapping_mul(PROGRAMS) + number + 1));
        let path = folder.join(format!("bitfields{number}.py"));
        let object = path.with_extension("bpf.o");
        let text = source(&made);
        fs::write(&path, &text).unwrap();
        let mut command = Command::new(&places.pbpf);
        command.arg("build").arg(&path).arg("-o").arg(&object).env_remove("PBPF_PLUGIN_PATH");
        let done = process::run(&mut command, LIMIT).unwrap();
        assert_eq!(done.status, Some(0), "{}: {}", path.display(), done.last_words());
        let open = Object::open_bytes(fs::read(&object).unwrap(), &OpenOptions::default()).unwrap();
        let loaded = open.load().unwrap_or_else(|e| panic!("seed {seed}, {}: {e:#?}", path.display()));
        let run = loaded.program("prog").unwrap().test_run(&TestRun::packet(vec![0; 14])).unwrap();
        assert_eq!(run.value, 2, "{text}");
        for (at, (bytes, value)) in of_python(&made).into_iter().enumerate() {
            let key = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
            let held = loaded.map(&format!("m{at}")).unwrap().lookup(&key(0)).unwrap().unwrap();
            let held: String = held.iter().map(|byte| format!("{byte:02x}")).collect();
            let read = loaded.map("read").unwrap().lookup(&key(at)).unwrap().unwrap();
            let read = i64::from_le_bytes(read.try_into().unwrap());
            assert_eq!((held, read), (bytes, value), "seed {seed}, program {number}, S{at}\n{text}");
        }
    }
}
