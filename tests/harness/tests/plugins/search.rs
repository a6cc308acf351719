//! Where plugins are found, and where they are not.

use crate::build::{chmod, ends, folder, path, pbpf_in, places, write};
use std::{fs, os::unix::fs::symlink};

/// A helper set that is found if the program that calls it compiles.
fn set(id: &str) -> String {
    format!("schema = 1\nid = \"{id}\"\n[[mappings]]\nmodule = \"{id}\"\n[mappings.constants]\nTWO = 2\n")
}

#[test]
fn by_option_variable_user_and_configuration() {
    let dir = folder("search");
    for below in ["plugins", "project/own", "home/pbpf/plugins", "elsewhere"] {
        fs::create_dir_all(dir.join(below)).unwrap();
        let mut folder = dir.join(below);
        while folder != dir {
            chmod(&folder, 0o755);
            folder = folder.parent().unwrap().to_owned();
        }
    }
    write(&dir.join("plugins/found.pbpf.toml"), set("found"));
    write(&dir.join("plugins/.hidden.pbpf.toml"), "[[[");
    write(&dir.join("plugins/README.md"), "no plugin");
    write(&dir.join("project/own/found.pbpf.toml"), set("found"));
    write(&dir.join("home/pbpf/plugins/found.pbpf.toml"), set("found"));
    write(&dir.join("project/pbpf.toml"), "[plugins]\nown = { path = \"own\" }\n");
    symlink(dir.join("plugins"), dir.join("elsewhere/link")).unwrap();
    let (plugins, home) = (path(&dir.join("plugins")), path(&dir.join("home")));
    let lists = |below: &str, variables: &[(&str, &str)], options: &[&str], origin: &str| {
        let done = pbpf_in(&dir.join(below), variables, &[&["plugin", "list"], options].concat());
        ends(&done, 0, "");
        let line = done.stdout.lines().find(|l| l.starts_with("found "));
        let found = line.map_or("", |l| l.rsplit_once("  ").unwrap().1);
        assert_eq!(found, origin, "{below} {variables:?} {options:?}: {}", done.stdout);
    };
    lists("plugins", &[], &[], "");
    lists("", &[], &["--plugin", "plugins"], "(--plugin)");
    lists("", &[], &["--plugin", "./plugins/../plugins/found.pbpf.toml"], "(--plugin)");
    lists("plugins", &[], &["--plugin", "found.pbpf.toml"], "(--plugin)");
    lists("plugins", &[], &["--plugin", "."], "(--plugin)");
    lists("elsewhere", &[], &["--plugin", "link"], "(--plugin)");
    lists("elsewhere", &[], &["--plugin", "link", "--plugin", &plugins], "(--plugin)");
    lists("", &[], &["--config", "project/pbpf.toml"], "(configuration)");
    lists("project", &[], &["--config", "pbpf.toml"], "(configuration)");
    lists("project/own", &[], &["--config", "../pbpf.toml"], "(configuration)");
    lists("", &[("PBPF_PLUGIN_PATH", &plugins)], &[], "(PBPF_PLUGIN_PATH)");
    lists("plugins", &[("PBPF_PLUGIN_PATH", "::/no/such/folder:")], &[], "");
    lists("", &[("XDG_DATA_HOME", &home)], &[], "(user's folder)");
    lists("", &[("XDG_DATA_HOME", "home")], &[], "");
    let done = pbpf_in(&dir, &[("PBPF_PLUGIN_PATH", "plugins")], &["plugin", "list"]);
    ends(&done, 2, "plugin-path");
    let done = pbpf_in(&dir, &[], &["plugin", "list", "--plugin", ""]);
    assert_eq!(done.status, Some(2), "{}", done.stderr);
    let done = pbpf_in(&dir, &[], &["plugin", "check", "plugins"]);
    ends(&done, 0, "");
}

#[test]
fn a_link_to_pbpf_finds_the_plugins_beside_the_file() {
    let dir = folder("link");
    let link = dir.join("pbpf");
    symlink(&places().pbpf, &link).unwrap();
    let done = std::process::Command::new(&link).args(["plugin", "list"]).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && text.contains("tracepoint"), "{text}");
}
