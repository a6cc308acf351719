//! Where plugins are found, and in what order.

use crate::build::{bad, cc, chmod, folder, refusal, write};
use pbpf_plugin_host::{Named, Origin, Plugins, Search};
use std::path::Path;

fn toml(path: &Path, id: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    chmod(path.parent().unwrap(), 0o755);
    write(path, format!("schema = 1\nid = \"{id}\"\n"));
}

#[test]
fn the_order_is_that_of_the_search_and_of_names() {
    let dir = folder("order");
    for (path, id) in [
        ("config/z.pbpf.toml", "config-z"),
        ("config/b.pbpf.toml", "config-b"),
        ("option.toml", "option"),
        ("variable/v.pbpf.toml", "variable"),
        ("user/u.pbpf.toml", "user"),
        ("bin/e.pbpf.toml", "beside"),
        ("bin/plugins/p.pbpf.toml", "plugins"),
        ("lib/pbpf/l.pbpf.toml", "lib"),
        ("bin/ignored.toml", "ignored"),
    ] {
        toml(&dir.join(path), id);
    }
    write(&dir.join("bin/libother.so"), "no plugin, and not called like one");
    let search = Search {
        config: vec![Named { path: dir.join("config"), sha256: None }],
        options: vec![dir.join("option.toml")],
        variable: Some(format!("{0}/none::{0}/variable", dir.display()).into()),
        user: Some(dir.join("user")),
        executable: Some(dir.join("bin/pbpf")),
    };
    let plugins = Plugins::discover(&search).unwrap();
    let ids: Vec<&str> = plugins.list().iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, ["config-b", "config-z", "option", "variable", "user", "beside", "plugins", "lib"]);
    assert_eq!(plugins.registry().plugins(), ids);
    assert_eq!(plugins.list()[3].origin, Origin::Variable);
    assert_eq!(plugins.find("user").unwrap().path, dir.join("user/u.pbpf.toml"));
}

#[test]
fn a_plugin_found_twice_counts_once_if_it_is_the_same() {
    let dir = folder("twice");
    let library = bad(&dir, &[]);
    let bin = dir.join("bin");
    std::fs::create_dir(&bin).unwrap();
    chmod(&bin, 0o755);
    std::fs::copy(&library, bin.join("libpbpf_bad.so")).unwrap();
    std::os::unix::fs::symlink(&library, bin.join("libpbpf_link.so")).unwrap();
    let search = Search { options: vec![library], executable: Some(bin.join("pbpf")), ..Search::default() };
    let plugins = Plugins::discover(&search).unwrap();
    assert_eq!(plugins.list().len(), 1);
    assert_eq!(plugins.list()[0].origin, Origin::Option);

    cc("bad/bad.c", &["-DRETURNS=7"], &bin.join("libpbpf_bad.so"));
    let error = refusal(Plugins::discover(&search));
    assert_eq!(error.code, "plugin-clash");
    assert!(error.notes.iter().any(|n| n.ends_with("(beside the executable)")), "{error:?}");
}

#[test]
fn the_current_folder_is_never_searched() {
    let search = |variable: &str| Search { variable: Some(variable.into()), ..Search::default() };
    assert!(Plugins::discover(&search("")).unwrap().list().is_empty());
    assert!(Plugins::discover(&search("::")).unwrap().list().is_empty());
    for relative in [".", "plugins", "/usr:./plugins"] {
        let error = refusal(Plugins::discover(&search(relative)));
        assert_eq!(error.code, "plugin-path");
    }
}
