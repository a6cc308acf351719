//! A plugin whose passes go wrong in each way that the SDK handles.
//!
//! Promises: `panics` panics, `fails` reports an error at the first place of the module, `tells` says what it was asked
//! for, `missing` is in the manifest only.

use pbpf_plugin::{Diagnostic, Outcome, Report, Request};

fn fails(request: &Request<'_>, report: &mut Report) -> Outcome {
    let span = request.mir.split_whitespace().find(|word| word.starts_with('@')).unwrap_or("");
    report.add(Diagnostic::error("there must be no program").at(span).help("delete it"));
    Outcome::Failed
}

fn tells(request: &Request<'_>, report: &mut Report) -> Outcome {
    let Request { pass, arch, cpu, kernel, .. } = request;
    report.add(Diagnostic::note_only(format!("{pass} {arch} {cpu} {kernel}")));
    Outcome::Unchanged
}

pbpf_plugin::export! {
    id: "panics",
    manifest: r#"{
        "schema": 1,
        "id": "panics",
        "passes": [
            { "name": "panics", "doc": "panics" },
            { "name": "fails", "doc": "reports an error" },
            { "name": "tells", "doc": "says what it was asked for" },
            { "name": "missing", "doc": "has no function" }
        ]
    }"#,
    passes: [
        ("panics", |request, _| panic!("this module has {} lines", request.mir.lines().count())),
        ("fails", fails),
        ("tells", tells),
    ],
}
