//! The cases of plux at build time, by their ids in `docs/cases.md`: what is
//! found, what is selected, and what the manifest says of it.

use std::collections::BTreeMap;

use tests::Project;

use crate::manifest::{example, json};

/// A plugin crate whose library is this source.
fn with_source(name: &str, source: &str) -> Project {
    Project::new().plugin(name, "{}").file(&format!("plugins/{name}/src/lib.rs"), source)
}

fn two() -> Project {
    Project::new().plugin("auth", "{}").plugin("blog", "{}")
}

#[test]
fn p23_an_entry_is_named_by_the_place_of_its_attribute() {
    let project = with_source("a", "mod inner;\n")
        .file("plugins/a/src/inner.rs", "\n#[plugo::plugin(name = \"a\")]\nstruct Class;\n");
    let planning = project.plan(&[]);
    let plugin = &planning.plan().plugins[0];
    assert_eq!((plugin.id.to_string().as_str(), plugin.package.as_str()), ("a", "a"));
    assert_eq!(plugin.place.to_string(), "plugins/a/src/inner.rs:2:1");
}

#[test]
fn p24_p64_plugins_of_several_crates_are_grouped_by_namespace() {
    let project = Project::new()
        .plugin("one", "{}")
        .file(
            "plugins/one/src/lib.rs",
            "#[plugo::plugin(name = \"a\", namespace = \"x\")] fn a() {}\n\
             #[plugo::plugin(name = \"b\", namespace = \"y\")] fn b() {}\n",
        )
        .plugin("two", "{}")
        .file(
            "plugins/two/src/lib.rs",
            "#[plugo::plugin(name = \"c\", namespace = \"x\")] fn c() {}",
        );
    let planning = project.plan(&[]);
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for plugin in &planning.plan().plugins {
        groups.entry(&plugin.id.namespace).or_default().push(&plugin.id.name);
    }
    assert_eq!(groups, BTreeMap::from([("x", vec!["a", "c"]), ("y", vec!["b"])]));
}

#[test]
fn p25_two_entries_of_one_group_and_name_are_refused_with_both_places() {
    let source = "#[plugo::plugin(name = \"same\", namespace = \"x\")] fn f() {}";
    let project =
        with_source("one", source).plugin("two", "{}").file("plugins/two/src/lib.rs", source);
    let refused = project.plan(&[]).refused();
    for part in ["x/same", "plugins/one/src/lib.rs:1:1", "plugins/two/src/lib.rs:1:1"] {
        assert!(refused.contains(part), "{refused}");
    }
    // The same name in another group is another plugin.
    let other = project.file("plugins/two/src/lib.rs", source.replace("\"x\"", "\"y\""));
    assert_eq!(other.plan(&[]).names(), ["x/same", "y/same"]);
}

#[test]
fn p26_what_bears_the_attribute_is_found_and_nothing_else() {
    let source = "
        #[plugo::plugin(name = \"function\")] fn a() {}
        #[plugo::plugin(name = \"condition\", should_load = yes(flag: &bool))] fn b() {}
        #[plugo::plugin(name = \"lifecycle\")] impl plugo::Plugin for A {}
        #[plugo::plugin(name = \"value\")] static S: A = A;
        #[plugo::plugin(name = \"constant\")] const C: A = A;
        #[plugo::plugin(name = \"item\", of = dyn T)] struct I;
        mod inner { #[plugo::plugin(name = \"module\")] pub fn c() {} }
        #[plugo::plugin(reusable)] impl plugo::Plugin for Abstract {}
        struct Undecorated; fn plugin() {} const TEXT: &str = \"#[plugin] fn d() {}\";
        #[plugo::plugin_type] trait T {} // #[plugin(name = \"comment\")]
    ";
    let names = with_source("a", source).plan(&[]).names();
    let expected = ["condition", "constant", "function", "item", "lifecycle", "module", "value"];
    assert_eq!(names, expected);
}

#[test]
fn p28_a_plugin_knows_its_package_with_version_and_licence() {
    let project = with_source("a", "#[plugo::plugin(name = \"other-name\")] fn f() {}").file(
        "plugins/a/Cargo.toml",
        "[package]\nname = \"a\"\nversion = \"1.2.3\"\nlicense = \"MIT\"\nauthors = [\"Ada\"]\n",
    );
    let planning = project.plan(&[]);
    let plugin = &planning.plan().plugins[0];
    let package = [&plugin.package, &plugin.package_version, &plugin.license, &plugin.authors[0]];
    assert_eq!(package, ["a", "1.2.3", "MIT", "Ada"]);
}

#[test]
fn p30_p55_p58_p61_the_manifest_reads_back_sorted_without_paths_and_the_same_each_time() {
    let built = example("services", &[]);
    let manifest = json(&built);
    // What was planned is what is read back, in load order.
    let names = manifest["plugins"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap());
    let planned = built.plan.plugins.iter().map(|plugin| plugin.id.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), planned.collect::<Vec<_>>());
    let crates = manifest["crates"].as_array().unwrap();
    let crates: Vec<&str> = crates.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert!(crates.is_sorted(), "{crates:?}");
    let here = tests::repository().to_string_lossy().into_owned();
    assert!(!built.manifest.contains(&here), "it names this folder");
    assert_eq!(built.manifest, example("services", &[]).manifest);
}

#[test]
fn p32_p46_what_is_not_known_is_an_error_and_not_silence() {
    let project = two().settings("plugin-folder = \"plugins\"");
    assert_eq!(project.plan(&[]).codes(), ["unknown-field"]);
    let project = two().file("plugins_config.json", r#"{ "plugins": [], "mode": "manual" }"#);
    assert_eq!(project.plan(&[]).codes(), ["unknown-field"]);
    let mistyped = two().settings("config = true");
    assert_eq!(mistyped.plan(&[]).codes(), ["mistyped-field"]);
}

#[test]
fn p33_p34_p36_p53_plugins_are_found_in_the_folder_that_the_settings_name_in_one_order() {
    for folder in ["plugins", "./plugins", "deeper/down/ext", "src/parts"] {
        let mut project = Project::new().settings(&format!("plugin-directory = {folder:?}"));
        for name in ["c", "a", "b"] {
            let dir = format!("{folder}/{name}");
            project = project
                .file(
                    &format!("{dir}/Cargo.toml"),
                    format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\n"),
                )
                .file(&format!("{dir}/src/lib.rs"), "#[plugo::plugin] fn f() {}")
                .dependencies(&format!("{name} = {{ path = {dir:?} }}"));
        }
        let planning = project.plan(&[]);
        assert_eq!(planning.names(), ["a", "b", "c"], "{folder}");
        let place = planning.plan().plugins[0].place.to_string();
        assert_eq!(place, format!("{}/a/src/lib.rs:1:1", folder.trim_start_matches("./")));
    }
}

#[test]
fn p35_folders_that_are_no_crate_are_no_plugin() {
    let project = two()
        .file("plugins/notes/README.md", "")
        .file("plugins/.hidden/Cargo.toml", "[package]\nname = \"hidden\"\nversion = \"1.0.0\"\n")
        .file("plugins/.hidden/src/lib.rs", "#[plugo::plugin] fn f() {}");
    assert_eq!(project.plan(&[]).names(), ["auth", "blog"]);
}

#[test]
fn p37_an_empty_folder_has_no_plugins() {
    let project = Project::new();
    std::fs::create_dir(project.dir().join("plugins")).unwrap();
    assert_eq!(project.plan(&[]).names(), [""; 0]);
    assert_eq!(project.plan(&[]).warnings(), "");
}

#[test]
fn p38_p39_a_config_names_plugins_of_several_groups() {
    let project = two().file(
        "plugins/blog/src/lib.rs",
        "#[plugo::plugin(name = \"blog\", namespace = \"site.pages\")] fn f() {}\n\
         #[plugo::plugin(name = \"auth\", namespace = \"site.pages\")] fn g() {}",
    );
    let one = project.config(&["site.pages/auth"]);
    assert_eq!(one.plan(&[]).names(), ["site.pages/auth"]);
    let both = one.config(&["site.pages/auth", "auth"]);
    assert_eq!(both.plan(&[]).names(), ["auth", "site.pages/auth"]);
}

#[test]
fn p40_p50_a_file_that_is_asked_for_and_missing_is_an_error() {
    let project = two().settings("config = \"plugins.json\"");
    let refused = project.plan(&[]).refused();
    assert!(refused.contains("the config file `plugins.json` does not exist"), "{refused}");
    // The file of the default name may be absent: then everything available is in.
    assert_eq!(two().plan(&[]).names(), ["auth", "blog"]);
}

#[test]
fn p41_p51_a_file_that_cannot_be_read_is_an_error_with_its_place_and_not_an_empty_one() {
    let project = two().file("plugins_config.json", "{\n  \"plugins\": [ auth ]\n}");
    let refused = project.plan(&[]).refused();
    assert!(refused.contains("[malformed-json] `plugins_config.json`"), "{refused}");
    assert!(refused.contains("--> plugins_config.json:2:"), "{refused}");
}

#[test]
fn p42_an_empty_file_is_an_error_and_an_empty_list_enables_nothing() {
    assert_eq!(two().file("plugins_config.json", "").plan(&[]).codes(), ["malformed-json"]);
    let nothing = two().file("plugins_config.json", r#"{ "plugins": [] }"#);
    assert_eq!(nothing.plan(&[]).names(), [""; 0]);
}

#[test]
fn p43_p44_p45_the_variable_adds_to_the_config_and_the_later_word_holds() {
    let three = two().plugin("clock", "{}");
    let planned = |names: &[&str], variable: &str| {
        let config = Project::config;
        let project = config(two().plugin("clock", "{}"), names);
        project.plan_enabling(&[], variable).names()
    };
    assert_eq!(planned(&[], "auth"), ["auth"], "into an empty one");
    assert_eq!(planned(&["blog"], "auth"), ["auth", "blog"], "into one with others");
    assert_eq!(planned(&["!auth", "blog"], "auth"), ["auth", "blog"], "p44: the variable wins");
    assert_eq!(planned(&["!auth", "!blog", "clock"], "auth"), ["auth", "clock"], "p45");
    assert_eq!(three.plan(&[]).names(), ["auth", "blog", "clock"]);
}

#[test]
fn p47_p48_p49_a_committed_selection_is_taken_from_the_file_that_the_settings_name() {
    let selection = r#"{ "plugins": [{ "name": "blog", "enabled": true }] }"#;
    let project = two()
        .settings("config = \"release/selection.json\"")
        .file("release/selection.json", selection)
        // The default name is nothing special when another one is said.
        .config(&["auth"]);
    assert_eq!(project.plan(&[]).names(), ["blog"]);
    // What a plugin declares stands beside what the file lists.
    let both = project.file("plugins/blog/metadata.json", r#"{ "dependencies": ["auth"] }"#);
    assert_eq!(both.plan(&[]).names(), ["auth", "blog"]);
}

#[test]
fn p56_p57_p59_p60_a_client_has_what_its_file_lists_and_nothing_else() {
    let project = Project::new()
        .optional_plugin("site", "{}")
        .optional_plugin("site-extra", "{}")
        .features("client-acme = [\"site\"]\nclient-zeta = [\"site-extra\"]")
        .client("acme", &["site", "!site-extra"])
        .client("zeta", &["site-extra"]);
    assert_eq!(project.plan(&["client-acme", "site"]).names(), ["site"]);
    assert_eq!(project.plan(&["client-zeta", "site-extra"]).names(), ["site-extra"]);
    // A name is not a prefix of another one, in any mode.
    let config = project.config(&["!site", "site-extra"]);
    assert_eq!(config.plan(&["site", "site-extra"]).names(), ["site-extra"]);
}

#[test]
fn x11_disabling_one_name_takes_no_other_away() {
    let project = Project::new().plugin("a", "{}").plugin("a-b", "{}").config(&["a", "!a-b"]);
    assert_eq!(project.plan(&[]).names(), ["a"]);
}

#[test]
fn x12_a_plugin_that_is_selected_and_not_compiled_in_is_an_error_with_the_line() {
    let project = two().optional_plugin("shop", "{}").config(&["auth", "shop"]);
    let refused = project.plan(&[]).refused();
    assert!(refused.contains("`shop` is requested, but the cargo feature `shop`"), "{refused}");
    assert!(refused.contains("--> plugins_config.json:4:15"), "{refused}");
}
