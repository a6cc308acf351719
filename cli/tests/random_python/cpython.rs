//! A CPython process that runs files by the model of `python/pbpf`.
//!
//! Promises: one process for all files of a worker. Leaves out: the model (`python/pbpf/model`) and the loop (`driver.py`).

use crate::machines::{Row, Seen};
use crate::program::Program;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What CPython made of a run.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Seen(Seen),
    /// A value past 63 bits whose sign the model does not know.
    Unsure,
    /// The program raised, which is a mistake of the model or of the generator.
    Failed(String),
}

pub(crate) struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    file: PathBuf,
    jobs: usize,
}

impl Python {
    /// Starts the process; `folder` is for the files that it runs.
    pub(crate) fn start(folder: &Path) -> Python {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        fs::create_dir_all(folder).unwrap();
        let mut child = Command::new("python3")
            .arg(root.join("cli/tests/random_python/driver.py"))
            .arg(root.join("python"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Python { child, input, output: BufReader::new(output), file: folder.to_owned(), jobs: 0 }
    }

    /// Runs the programs of a file on each row: by program, by row.
    pub(crate) fn run(&mut self, text: &str, programs: &[Program], rows: &[Row]) -> Vec<Vec<Answer>> {
        self.jobs += 1;
        // Another name each time: CPython caches lines by name.
        let file = self.file.join(format!("job{}.py", self.jobs));
        fs::write(&file, text).unwrap();
        let names = |p: &Program| {
            json!({
                "name": p.name,
                "globals": p.globals.iter().map(|g| &g.name).collect::<Vec<_>>(),
                "maps": p.maps.iter().map(|m| &m.name).collect::<Vec<_>>(),
            })
        };
        let hex = |row: &Row| -> Value { row.iter().map(|(k, v)| (k.clone(), json!(to_hex(v)))).collect() };
        let job = json!({
            "file": file,
            "rows": rows.iter().map(hex).collect::<Vec<_>>(),
            "programs": programs.iter().map(names).collect::<Vec<_>>(),
        });
        writeln!(self.input, "{job}").unwrap();
        self.input.flush().unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        fs::remove_file(&file).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}\n{text}"));
        if let Some(error) = answer.get("error") {
            let failed = Answer::Failed(error.as_str().unwrap_or_default().to_owned());
            return vec![vec![failed; rows.len()]; programs.len()];
        }
        let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
        list(&answer).iter().map(|rows| list(rows).iter().map(one).collect()).collect()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn one(answer: &Value) -> Answer {
    if let Some(error) = answer["error"].as_str() {
        return Answer::Failed(error.to_owned());
    }
    if !answer["unsure"].is_null() {
        return Answer::Unsure;
    }
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let bytes = |v: &Value| from_hex(v.as_str().unwrap_or_default());
    let entries = |map: &Value| list(map).iter().map(|e| (bytes(&e[0]), bytes(&e[1]))).collect();
    Answer::Seen(Seen {
        value: answer["value"].as_u64().unwrap_or(0) as u32,
        globals: list(&answer["globals"]).iter().map(bytes).collect(),
        maps: list(&answer["maps"]).iter().map(entries).collect(),
        printed: Some(
            list(&answer["printed"]).iter().map(|l| l.as_str().unwrap_or_default().to_owned()).collect(),
        ),
    })
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[i * 2..i * 2 + 2], 16).unwrap_or(0)).collect()
}
