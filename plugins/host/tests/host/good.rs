//! Good plugins: found, registered, run.

use crate::build::{bad, cc, folder, is_open, named, socket_filter, sources};
use pbpf_core::target::Target;
use pbpf_plugin_host::{Form, Plugins, Search};
use std::fmt::Write as _;

#[test]
fn a_program_type_in_rust() {
    let plugins = named(&[socket_filter()]).unwrap();
    let plugin = &plugins.list()[0];
    assert_eq!((plugin.id.as_str(), plugin.version.as_str()), ("socket-filter", "0.3.0"));
    assert_eq!(plugin.license, "MIT");
    let Form::Library { abi, sdk } = &plugin.form else { panic!("{plugin:?}") };
    assert_eq!((*abi, sdk.as_str()), ((1, 1), "pbpf-plugin 0.1.0"));
    let found = plugins.registry().match_section("socket").unwrap();
    let row = &plugins.registry().program_type(found.program_type).row;
    assert_eq!(row.returns.default, Some(0));
    assert_eq!(row.context.record.as_deref(), Some("__sk_buff"));
    assert_eq!(plugin.manifest().unwrap().program_types, std::slice::from_ref(row));
    assert!(!is_open(socket_filter()), "discovery opened the library");
}

#[test]
fn a_helper_set_without_code() {
    let preempt = sources().join("preempt/preempt.pbpf.toml");
    let plugins = named(&[&preempt, socket_filter()]).unwrap();
    assert_eq!(plugins.list()[0].form, Form::Toml);
    let registry = plugins.registry();
    let helper = registry.find_helper("stay").unwrap();
    assert_eq!(registry.helper(helper).set, "preempt:preempt");
    // The type does not name the set; the helper names the type.
    let program_type = registry.find_program_type("socket_filter").unwrap();
    assert!(registry.allows(program_type, helper));
    assert_eq!(registry.where_allowed(helper), ["socket-filter:socket_filter"]);
}

#[test]
fn a_pass_in_c() {
    let library = folder("answer").join("libpbpf_answer.so");
    cc("answer/answer.c", &[], &library);
    let plugins = named(&[&library]).unwrap();
    assert!(!is_open(&library), "discovery opened the library");
    let pass = plugins.pass("answer:answer").unwrap();
    assert!(plugins.pass("answer:other").is_none());
    let answer =
        pass.transform("v1: i64 = iconst 41 @1..2\nv2: i64 = iconst 410 @1..2\n", &Target::default());
    assert!(is_open(&library));
    assert_eq!(answer.mir.unwrap(), "v1: i64 = iconst 42 @1..2\nv2: i64 = iconst 410 @1..2\n");
    assert_eq!(answer.diagnostics[0].message, "41 became 42, 1 times");
    assert_eq!(answer.diagnostics[0].notes, ["said by pass `answer` of plugin `answer`"]);
    let answer = pass.transform("nothing", &Target::default());
    assert!(answer.mir.is_none() && answer.diagnostics.is_empty());
}

#[test]
fn an_older_minor_version_is_accepted() {
    let library = bad(&folder("older"), &["-DABI_MINOR=0"]);
    let plugins = named(&[&library]).unwrap();
    assert!(matches!(plugins.list()[0].form, Form::Library { abi: (1, 0), .. }));
    let answer = plugins.pass("bad:bad").unwrap().transform("m", &Target::default());
    assert!(answer.mir.is_none() && answer.diagnostics.is_empty());
}

/// The shipped plugins lie beside the executable, here as after `make`.
#[test]
fn the_shipped_plugins_are_found_and_stay_closed() {
    let tests = std::env::current_exe().unwrap();
    let executable = tests.parent().unwrap().with_file_name("pbpf");
    let preempt = sources().join("preempt/preempt.pbpf.toml");
    let options = vec![socket_filter().to_owned(), preempt];
    let search = Search { options, executable: Some(executable), ..Search::default() };
    let plugins = Plugins::discover(&search).unwrap();
    for id in ["core", "kprobe", "net", "sched-ext", "tracepoint", "tracing", "xdp"] {
        let plugin = plugins.list().iter().find(|p| p.id.contains(id));
        let plugin = plugin.unwrap_or_else(|| panic!("no `{id}`: `cargo build --workspace` makes it"));
        assert!(!is_open(&plugin.path), "discovery opened {}", plugin.path.display());
    }
}

/// The header and `pbpf_plugin::abi` are written by hand, both: the compiler says what the header means.
#[test]
fn the_header_and_the_sdk_agree() {
    use pbpf_plugin::abi;
    use std::mem::offset_of;
    let mut source = String::from("#include \"pbpf_plugin.h\"\n");
    let mut hold = |what: String, value: usize| {
        let _ = writeln!(source, "_Static_assert({what} == {value}, \"{what}\");");
    };
    macro_rules! layout {
        ($name:literal, $ty:ty, $($field:ident),*) => {
            hold(format!("sizeof(struct {})", $name), size_of::<$ty>());
            $(hold(format!("offsetof(struct {}, {})", $name, stringify!($field)), offset_of!($ty, $field));)*
        };
    }
    layout!("pbpf_str", abi::Str, data, len);
    layout!("pbpf_sink", abi::Sink, state, write);
    layout!("pbpf_host_v1", abi::Host, size, abi_major, abi_minor, version);
    layout!("pbpf_request_v1", abi::Request, size, reserved, pass, mir, arch, cpu, kernel);
    layout!("pbpf_plugin_v1", abi::Plugin, size, abi_major, abi_minor, id, sdk, init, run_pass, drop);
    let numbers = [
        ("PBPF_ABI_MAJOR", usize::from(abi::MAJOR)),
        ("PBPF_ABI_MINOR", usize::from(abi::MINOR)),
        ("PBPF_OK", abi::OK as usize),
        ("PBPF_UNCHANGED", abi::UNCHANGED as usize),
        ("PBPF_FAILED", abi::FAILED as usize),
        ("PBPF_PANICKED", abi::PANICKED as usize),
    ];
    for (name, value) in numbers {
        hold(name.to_owned(), value);
    }
    let dir = folder("header");
    crate::build::write(&dir.join("layout.c"), source);
    crate::build::cc_file(&dir.join("layout.c"), &[], &dir.join("layout.so"));
}
