//! Random structs and unions have the layout that CPython's `ctypes` gives them, in the object's BTF.
//!
//! Promises: sizes, offsets and widths of at least 320 records, in the forms of ctypes and of annotations; `PBPF_SEED` makes
//! others. Leaves out: what ctypes itself gets wrong: bitfields of unions, and of a type narrower than the unit before.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use pbpf_tests::{places::Places, process};
use serde_json::Value;
use std::{collections::BTreeMap, env, fmt::Write as _, fs, process::Command, time::Duration};

const LIMIT: Duration = Duration::from_secs(120);

/// Records in a file, and files.
const RECORDS: usize = 40;
const FILES: u64 = 8;

/// A small generator of numbers, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// Integer types that may be bitfields, and their bits.
const INTS: [(&str, u64); 14] = [
    ("c_int8", 8),
    ("c_uint8", 8),
    ("c_byte", 8),
    ("c_int16", 16),
    ("c_ushort", 16),
    ("c_int", 32),
    ("c_uint32", 32),
    ("c_uint", 32),
    ("c_long", 64),
    ("c_ulong", 64),
    ("c_longlong", 64),
    ("c_uint64", 64),
    ("c_size_t", 64),
    ("c_ssize_t", 64),
];

/// A field as it is written in both forms.
struct Field {
    name: String,
    ty: String,
    bits: Option<u64>,
}

fn plain_type(random: &mut Random, earlier: usize) -> String {
    match random.below(12) {
        0 => "c_bool".to_owned(),
        1 => "c_void_p".to_owned(),
        2 => "c_char".to_owned(),
        3 => format!("c_char * {}", 1 + random.below(20)),
        4 => format!("POINTER({})", random.pick(&INTS).0),
        5 => format!("{} * {}", random.pick(&INTS).0, 1 + random.below(5)),
        6 => format!("({} * {}) * {}", random.pick(&INTS).0, 1 + random.below(3), 1 + random.below(3)),
        7 | 8 if earlier > 0 => format!("R{}", random.below(earlier as u64)),
        9 if earlier > 0 => format!("R{} * {}", random.below(earlier as u64), 1 + random.below(3)),
        _ => random.pick(&INTS).0.to_owned(),
    }
}

fn fields(random: &mut Random, earlier: usize, union: bool) -> Vec<Field> {
    let mut all = Vec::new();
    // The bits of the type of the bitfield before, which the next is not narrower than.
    let mut unit = 0;
    for at in 0..=random.below(8) {
        let name = format!("f{at}");
        let wanted = random.below(5) < 2 && !(union && unit > 0);
        let candidates: Vec<(&str, u64)> = INTS.into_iter().filter(|(_, bits)| *bits >= unit).collect();
        if wanted {
            let (ty, bits) =
                if unit == 0 && random.below(6) == 0 { ("c_bool", 8) } else { random.pick(&candidates) };
            unit = bits;
            all.push(Field { name, ty: ty.to_owned(), bits: Some(1 + random.below(bits)) });
        } else {
            unit = if union { unit } else { 0 };
            all.push(Field { name, ty: plain_type(random, earlier), bits: None });
        }
    }
    all
}

/// The classes of one file, as CPython and as pbpf read them.
fn classes(random: &mut Random) -> (String, String) {
    let (mut ctypes, mut pbpf) = (String::new(), String::new());
    for at in 0..RECORDS {
        let union = random.below(5) == 0;
        let pack = if random.below(3) == 0 { Some(1u64 << random.below(5)) } else { None };
        let fields = fields(random, at, union);
        let base = if union { "Union" } else { "Structure" };
        let mut class = format!("class R{at}({base}):\n");
        if let Some(pack) = pack {
            writeln!(class, "    _pack_ = {pack}").unwrap();
        }
        let items: Vec<String> = fields
            .iter()
            .map(|f| match f.bits {
                Some(bits) => format!("(\"{}\", {}, {bits})", f.name, f.ty),
                None => format!("(\"{}\", {})", f.name, f.ty),
            })
            .collect();
        writeln!(class, "    _fields_ = [{}]\n", items.join(", ")).unwrap();
        ctypes.push_str(&class);
        // Packing by more than a byte has no form of annotations.
        if random.below(2) == 0 || pack.is_some_and(|p| p > 1) {
            pbpf.push_str(&class);
            continue;
        }
        let decorator = if union { "union" } else { "struct" };
        let options = if pack == Some(1) { "(packed=True)" } else { "" };
        writeln!(pbpf, "@bpf\n@{decorator}{options}\nclass R{at}:").unwrap();
        for f in &fields {
            let bits = f.bits.map_or(String::new(), |bits| format!(" = bits({bits})"));
            writeln!(pbpf, "    {}: {}{bits}", f.name, f.ty).unwrap();
        }
        pbpf.push('\n');
    }
    (ctypes, pbpf)
}

/// A record: its size, and each field's name, offset in bits and width (0 if it is no bitfield).
type Layouts = BTreeMap<String, (u64, Vec<(String, u64, u64)>)>;

const REPORT: &str = r#"
import json, sys
out = {}
for name, record in list(globals().items()):
    if name[0] == "R" and name[1:].isdigit():
        fields = []
        for field in record._fields_:
            place = getattr(record, field[0])
            width, bit = (place.size >> 16, place.size & 0xFFFF) if len(field) == 3 else (0, 0)
            fields.append((field[0], place.offset * 8 + bit, width))
        out[name] = (sizeof(record), fields)
json.dump(out, sys.stdout)
"#;

fn of_python(classes: &str) -> Layouts {
    let program = format!("from ctypes import *\n{classes}{REPORT}");
    let done = process::run(Command::new("python3").args(["-c", &program]), LIMIT).unwrap();
    assert_eq!(done.status, Some(0), "{}", done.last_words());
    serde_json::from_str(&done.stdout).unwrap()
}

fn of_pbpf(places: &Places, file: u64, classes: &str) -> Layouts {
    let folder = places.target.join("test-layout");
    fs::create_dir_all(&folder).unwrap();
    let maps: String = (0..RECORDS)
        .map(|at| format!("@bpf\n@map\ndef m{at}():\n    return ArrayMap(value=R{at}, max_entries=1)\n\n"))
        .collect();
    let program = format!(
        "from ctypes import *\nfrom ctypes import POINTER, Structure, Union, {}\n\
         from pbpf import bits, bpf, bpfglobal, map, section, struct, union\nfrom pbpf.maps import ArrayMap\n\n\
         {classes}\n{maps}@bpf\n@section(\"xdp\")\ndef prog(ctx):\n{}    return 2\n\n\
         @bpf\n@bpfglobal\ndef LICENSE() -> str:\n    return \"GPL\"\n",
        INTS.map(|(name, _)| name).join(", ") + ", c_bool, c_char, c_void_p",
        (0..RECORDS).map(|at| format!("    m{at}.lookup(0)\n")).collect::<String>(),
    );
    let (source, object) =
        (folder.join(format!("layout{file}.py")), folder.join(format!("layout{file}.bpf.o")));
    fs::write(&source, &program).unwrap();
    let mut command = Command::new(&places.pbpf);
    command.arg("build").arg(&source).arg("-o").arg(&object).env_remove("PBPF_PLUGIN_PATH");
    let done = process::run(&mut command, LIMIT).unwrap();
    assert_eq!(done.status, Some(0), "{}: {}", source.display(), done.last_words());
    let mut command = Command::new("bpftool");
    command.args(["--json", "btf", "dump", "file"]).arg(&object);
    let path = env::var("PATH").unwrap_or_default();
    let done = process::run(command.env("PATH", format!("{path}:/usr/sbin")), LIMIT).unwrap();
    assert_eq!(done.status, Some(0), "{}", done.last_words());
    let btf: Value = serde_json::from_str(&done.stdout).unwrap();
    let records =
        btf["types"].as_array().unwrap().iter().filter(|t| t["kind"] == "STRUCT" || t["kind"] == "UNION");
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    records
        .filter_map(|t| {
            let name = t["name"].as_str().filter(|n| n.starts_with('R'))?;
            let fields = t["members"].as_array()?.iter().map(|m| {
                let name = m["name"].as_str().unwrap_or("").to_owned();
                (name, number(&m["bits_offset"]), number(&m["bitfield_size"]))
            });
            Some((name.to_owned(), (number(&t["size"]), fields.collect())))
        })
        .collect()
}

#[test]
fn random_records_are_laid_out_as_ctypes_does() {
    let places = Places::find().unwrap();
    places.build_pbpf().unwrap();
    let seed = env::var("PBPF_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0_u64);
    for file in 0..FILES {
        let mut random = Random(seed.wrapping_mul(FILES) + file + 1);
        let (ctypes, pbpf) = classes(&mut random);
        let (wanted, got) = (of_python(&ctypes), of_pbpf(&places, file, &pbpf));
        assert_eq!(wanted.len(), RECORDS);
        for (name, layout) in &wanted {
            let class = ctypes.split("class ").find(|c| c.starts_with(&format!("{name}("))).unwrap();
            assert_eq!(got.get(name), Some(layout), "seed {seed}, file {file}: class {class}");
        }
    }
}
