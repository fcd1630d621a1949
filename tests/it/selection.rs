//! What is in a plan, and in which order. The ids are the predecessor's cases
//! in `docs/cases.md`.

use std::fs;

use plugo_core::Source;
use tests::Project;

fn three() -> Project {
    Project::new().plugin("a", "{}").plugin("b", "{}").plugin("c", "{}")
}

#[test]
fn g01_g02_g03_a_config_enables_what_it_lists_and_nothing_else() {
    let project = three().config(&["a", "!b"]);
    assert_eq!(project.plan(&[]).names(), ["a"]);
}

#[test]
fn g04_without_a_config_everything_available_is_in() {
    let project = three().optional_plugin("d", "{}");
    assert_eq!(project.plan(&[]).names(), ["a", "b", "c"]);
    assert_eq!(project.plan(&["d"]).names(), ["a", "b", "c", "d"]);
}

#[test]
fn g05_g06_the_variable_adds_to_the_config_and_beats_a_false() {
    let project = three().config(&["a", "!b"]);
    assert_eq!(project.plan_enabling(&[], "b").names(), ["a", "b"]);
    assert_eq!(project.plan_enabling(&[], "c").names(), ["a", "c"]);
}

#[test]
fn g07_g08_the_variable_is_a_list_with_commas_and_empty_is_unset() {
    let project = three().config(&["a"]);
    assert_eq!(project.plan_enabling(&[], " b , ,").names(), ["a", "b"]);
    assert_eq!(project.plan_enabling(&[], "").names(), ["a"]);
    assert_eq!(project.plan_enabling(&[], "b,b").names(), ["a", "b"]);
}

#[test]
fn the_variable_alone_selects_where_there_is_no_config() {
    assert_eq!(three().plan_enabling(&[], "b").names(), ["b"]);
}

#[test]
fn g19_an_app_without_any_plugin_has_an_empty_plan() {
    assert_eq!(Project::new().plan(&[]).names(), [""; 0]);
}

#[test]
fn an_empty_list_enables_nothing() {
    assert_eq!(three().config(&[]).plan(&[]).names(), [""; 0]);
}

#[test]
fn g16_a_disabled_name_that_is_unknown_is_a_warning() {
    let planning = three().config(&["a", "!bb"]).plan(&[]);
    assert_eq!(planning.names(), ["a"]);
    expect_test::expect![[r#"
        [unknown-disabled] `bb` is disabled, and there is no such plugin
          --> plugins_config.json:4:15
          help: did you mean `b`? the known plugins are `a`, `b` and `c`
    "#]]
    .assert_eq(&planning.warnings());
}

#[test]
fn d01_d02_dependencies_come_first_and_are_brought_in() {
    let project = Project::new()
        .plugin("z-base", "{}")
        .plugin("m-middle", r#"{ "dependencies": ["z-base"] }"#)
        .plugin("a-top", r#"{ "dependencies": ["m-middle"] }"#)
        .plugin("unrelated", "{}")
        .config(&["a-top"]);
    let planning = project.plan(&[]);
    assert_eq!(planning.names(), ["z-base", "m-middle", "a-top"]);
    let plan = planning.plan();
    assert_eq!(plan.plugins[2].dependencies, [1]);
    let base = &plan.plugins[0].reasons;
    assert_eq!((base[0].source, base[0].place.as_str()), (Source::Dependency, "m-middle"));
    let top = &plan.plugins[2].reasons;
    assert_eq!(
        (top[0].source, top[0].place.as_str()),
        (Source::Config, "plugins_config.json:3:15")
    );
}

#[test]
fn d05_a_circle_among_plugins_that_are_not_selected_is_ignored() {
    let project = three()
        .plugin("x", r#"{ "dependencies": ["y"] }"#)
        .plugin("y", r#"{ "dependencies": ["x"] }"#)
        .config(&["a"]);
    assert_eq!(project.plan(&[]).names(), ["a"]);
}

#[test]
fn d08_the_variable_enables_a_disabled_dependency() {
    let project = Project::new()
        .plugin("a", r#"{ "dependencies": ["b"] }"#)
        .plugin("b", "{}")
        .config(&["a", "!b"]);
    assert_eq!(project.plan_enabling(&[], "b").names(), ["b", "a"]);
}

#[test]
fn d09_each_plugin_of_a_diamond_is_there_once() {
    let project = Project::new()
        .plugin("base", "{}")
        .plugin("left", r#"{ "dependencies": ["base"] }"#)
        .plugin("right", r#"{ "dependencies": ["base"] }"#)
        .plugin("a-top", r#"{ "dependencies": ["right", "left"] }"#);
    assert_eq!(project.plan(&[]).names(), ["base", "left", "right", "a-top"]);
}

#[test]
fn d10_ties_go_by_priority_and_then_by_name() {
    let project = Project::new()
        .plugin("a", "{}")
        .plugin("b", r#"{ "priority": 1 }"#)
        .plugin("c", r#"{ "priority": -5 }"#)
        .plugin("d", r#"{ "priority": -5 }"#)
        // Waits for `b`, then goes before what is left.
        .plugin("e", r#"{ "priority": -9, "dependencies": ["b"] }"#)
        .plugin("f", r#"{ "priority": 2 }"#);
    let expected = ["c", "d", "a", "b", "e", "f"];
    for _ in 0..3 {
        assert_eq!(project.plan(&[]).names(), expected);
    }
}

#[test]
fn a_chain_of_1200_plugins_has_an_order() {
    let mut project = Project::new();
    for i in 0..1200 {
        let metadata = match i {
            0 => "{}".to_owned(),
            _ => format!(r#"{{ "dependencies": ["p{:04}"] }}"#, i - 1),
        };
        project = project.loose_plugin(&format!("p{i:04}"), &metadata);
    }
    let dependencies: String =
        (0..1200).map(|i| format!("p{i:04} = {{ path = \"plugins/p{i:04}\" }}\n")).collect();
    let project = project.dependencies(&dependencies).config(&["p1199"]);
    let names = project.plan(&[]).names();
    assert_eq!(names.len(), 1200);
    assert!(names.is_sorted());
}

#[test]
fn m05_metadata_may_be_empty_and_what_is_absent_comes_from_cargo() {
    let project = Project::new()
        .file("plugins/a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"2.3.4\"\ndescription = \"From Cargo\"\nauthors = [\"A <a@example.org>\", \"B\"]\nlicense = \"MIT\"\n")
        .file("plugins/a/src/lib.rs", "#[plugo::plugin] fn f() {}")
        .file("plugins/a/metadata.json", "{}")
        .dependencies("a = { path = \"plugins/a\" }");
    let planning = project.plan(&[]);
    let plugin = &planning.plan().plugins[0];
    assert_eq!(plugin.version.to_string(), "2.3.4");
    assert_eq!(plugin.description, "From Cargo");
    assert_eq!(plugin.authors, ["A <a@example.org>", "B"]);
    assert_eq!(plugin.license, "MIT");
    assert_eq!(plugin.place.to_string(), "plugins/a/src/lib.rs:1:1");
}

#[test]
fn m08_folders_without_a_manifest_are_no_plugins() {
    let project = three()
        .file("plugins/.git/HEAD", "")
        .file("plugins/__pycache__/x.pyc", "")
        .file("plugins/node_modules/x/package.json", "{}")
        .file("plugins/README.md", "");
    assert_eq!(project.plan(&[]).names(), ["a", "b", "c"]);
    assert_eq!(project.plan(&[]).warnings(), "");
}

#[test]
fn a_crate_in_the_plugin_directory_that_has_no_plugin_is_none() {
    let project = three()
        .file("plugins/shared/Cargo.toml", "[package]\nname = \"shared\"\nversion = \"1.0.0\"\n")
        .file("plugins/shared/src/lib.rs", "pub fn plugin() {}")
        .dependencies("shared = { path = \"plugins/shared\" }");
    assert_eq!(project.plan(&[]).names(), ["a", "b", "c"]);
}

#[test]
#[cfg(unix)]
fn a_link_to_a_plugin_is_not_a_second_plugin() {
    let project = three();
    std::os::unix::fs::symlink("a", project.dir().join("plugins/another")).unwrap();
    assert_eq!(project.plan(&[]).names(), ["a", "b", "c"]);
}

#[test]
fn plugins_are_found_in_the_apps_own_source() {
    let project = Project::new()
        .file("src/inner.rs", "#[plugo::plugin(name = \"own\")]\nfn f() {}\n")
        .file("src/tests.rs", "#[plugo::plugin(name = \"only-in-tests\")]\nfn f() {}\n")
        .file("src/main.rs", "mod inner;\n#[cfg(test)] mod tests;\nfn main() {}\n")
        .dependencies("plugo = \"0.1\"");
    let planning = project.plan(&[]);
    assert_eq!(planning.names(), ["own"]);
    assert_eq!(planning.plan().plugins[0].extern_name, None);
}

/// An app whose only plugins are in this source of a crate `a`.
fn source_of_a(text: &str) -> Project {
    Project::new().plugin("a", "").file("plugins/a/src/lib.rs", text)
}

#[test]
fn a_plugin_under_a_cfg_that_does_not_hold_is_not_in_the_build() {
    let text = "#[plugo::plugin(name = \"always\")] fn a() {}\n\
                #[cfg(windows)] #[plugo::plugin(name = \"win\")] fn b() {}\n\
                #[cfg(not(windows))] mod other;\n\
                #[cfg(windows)] mod win;\n";
    let project = source_of_a(text)
        .file("plugins/a/src/other.rs", "#[plugo::plugin(name = \"other\")] fn f() {}")
        .file("plugins/a/src/win.rs", "#[plugo::plugin(name = \"inside\")] fn f() {}");
    assert_eq!(project.plan(&[]).names(), ["always", "other"]);
    assert_eq!(project.config(&["win"]).plan(&[]).codes(), ["configured-out"]);
}

#[test]
fn a_cfg_of_which_nothing_is_known_has_to_be_named() {
    let text = "#[cfg(feature = \"x\")] #[plugo::plugin(name = \"maybe\")] fn a() {}\n\
                #[cfg(unix)] #[plugo::plugin(name = \"one\")] fn b() {}\n\
                #[cfg(not(unix))] #[plugo::plugin(name = \"one\")] fn c() {}\n";
    let project = source_of_a(text);
    let planning = project.plan(&[]);
    assert_eq!(planning.names(), ["one"]);
    assert!(planning.warnings().contains("whether `cfg(feature = \"x\")` holds is not known"));
    assert_eq!(project.config(&["maybe"]).plan(&[]).names(), ["maybe"]);
}

#[test]
fn only_files_that_a_mod_names_are_part_of_a_crate() {
    let plugin = |name: &str| format!("#[plugo::plugin(name = {name:?})] fn f() {{}}\n");
    let text = "mod a;\n#[path = \"odd/place.rs\"] mod b;\n\
                mod inner { #[cfg(test)] mod api; mod deep; }\nmod api;\n\
                #[cfg(all(test, unix))] mod tests;\nmod checks;\n";
    let project = source_of_a(text)
        .file("plugins/a/src/a/mod.rs", "mod c;")
        .file("plugins/a/src/a/c.rs", plugin("in-a"))
        .file("plugins/a/src/odd/place.rs", plugin("placed"))
        .file("plugins/a/src/api.rs", plugin("api"))
        .file("plugins/a/src/inner/api.rs", plugin("test-api"))
        .file("plugins/a/src/inner/deep.rs", plugin("deep"))
        .file("plugins/a/src/tests.rs", plugin("tests"))
        .file("plugins/a/src/checks.rs", format!("#![cfg(test)]\n{}", plugin("checks")))
        .file("plugins/a/src/stray.rs", plugin("stray"))
        .file("plugins/a/src/bin/tool.rs", plugin("tool"));
    assert_eq!(project.plan(&[]).names(), ["api", "deep", "in-a", "placed"]);
}

#[test]
fn a_crate_among_the_plugins_that_uses_plugo_and_has_none_is_warned_of() {
    let mut project = three()
        .file(
            "plugins/odd/Cargo.toml",
            "[package]\nname = \"odd\"\nversion = \"1.0.0\"\n[dependencies]\nplugo = \"0.1\"\n",
        )
        .file("plugins/odd/src/lib.rs", "made!(odd);");
    let planning = project.plan(&[]);
    assert_eq!(planning.names(), ["a", "b", "c"]);
    assert!(planning.warnings().contains("no `#[plugin]` was found in it"));
    // What other crates' plugins are made with is no mistake.
    for shared in [
        "#[plugo::plugin_type] pub trait Otp: Send + Sync { fn send(&self); }",
        "use plugo::plugin_type; mod inner { #[super::plugin_type(name = \"x\")] trait X {} }",
        "#[plugo::plugin(reusable)] impl plugo::Plugin for Service {}",
    ] {
        project = project.file("plugins/odd/src/lib.rs", shared);
        let planning = project.plan(&[]);
        assert_eq!(planning.names(), ["a", "b", "c"]);
        assert_eq!(planning.warnings(), "", "{shared}");
    }
}

#[test]
fn a_name_that_is_computed_is_known_from_the_metadata_or_warned_of() {
    let text = "#[plugo::plugin(name = concat!(\"a\", \"b\"))] fn f() {}\n\
                #[plugo::plugin(name = \"plain\")] fn g() {}\n";
    let planning = source_of_a(text).plan(&[]);
    assert_eq!(planning.names(), ["plain"]);
    assert!(planning.warnings().contains("the name of a plugin is computed"));
    let metadata = r#"{ "plugins": [{ "name": "ab" }] }"#;
    let planning = source_of_a(text).file("plugins/a/metadata.json", metadata).plan(&[]);
    assert_eq!(planning.names(), ["ab", "plain"]);
    assert_eq!(planning.warnings(), "");
}

#[test]
fn paths_outside_the_apps_folder_are_shown_from_the_workspace() {
    let project = Project::new().settings("config = \"sub/../conf.json\"").file("sub/x", "");
    let project = project.file("conf.json", "{}");
    assert!(project.plan(&[]).refused().contains("--> conf.json:1:1"));
}

#[test]
fn a_pre_release_suits_who_asks_for_no_version() {
    let project =
        Project::new().plugin("a", r#"{ "dependencies": ["b"] }"#).plugin("b", "{}").file(
            "plugins/b/Cargo.toml",
            "[package]\nname = \"b\"\nversion = \"1.0.0-rc.1\"\nedition = \"2024\"\n",
        );
    assert_eq!(project.plan(&[]).names(), ["b", "a"]);
    let project = project.plugin("c", r#"{ "conflicts": ["b"] }"#);
    assert_eq!(project.plan(&[]).codes(), ["conflict"]);
}

#[test]
fn a_client_built_with_the_default_features_is_warned_of() {
    let project = Project::new()
        .optional_plugin("a", "{}")
        .optional_plugin("b", "{}")
        .features("default = [\"a\", \"b\"]\nclient-acme = [\"a\"]")
        .client("acme", &["a"]);
    let planning = project.plan(&["client-acme", "default", "a", "b"]);
    assert_eq!(planning.names(), ["a"]);
    assert!(planning.warnings().contains("the features `b` are on"), "{}", planning.warnings());
    assert_eq!(project.plan(&["client-acme", "a"]).warnings(), "");
}

#[test]
fn a_dependency_outside_the_plugin_directory_is_a_plugin_when_it_uses_plugo() {
    let project = Project::new()
        .file("other/x/Cargo.toml", "[package]\nname = \"x\"\nversion = \"1.0.0\"\n[dependencies]\nplugo = \"0.1\"\n[package.metadata.plugo]\nname = \"blog\"\n")
        .file("other/x/src/lib.rs", "#[plugo::plugin(name = \"blog\")] fn f() {}")
        .file("other/y/Cargo.toml", "[package]\nname = \"y\"\nversion = \"1.0.0\"\n")
        .file("other/y/src/lib.rs", "#[somebody::plugin] fn f() {}")
        .file("other/y/metadata.json", "[\"nothing of ours\"]")
        .dependencies("renamed-x = { path = \"other/x\", package = \"x\" }\ny = { path = \"other/y\" }");
    let planning = project.plan(&[]);
    assert_eq!(planning.names(), ["blog"]);
    assert_eq!(planning.plan().plugins[0].extern_name.as_deref(), Some("renamed_x"));
}

#[test]
fn several_plugins_in_one_crate_have_metadata_each() {
    let project = Project::new()
        .file("plugins/multi/Cargo.toml", "[package]\nname = \"multi\"\nversion = \"1.0.0\"\n[[package.metadata.plugo.plugins]]\nname = \"s3\"\ndependencies = [\"auth\"]\n[[package.metadata.plugo.plugins]]\nname = \"made-by-macro\"\npriority = -7\n")
        .file("plugins/multi/src/lib.rs", "#[plugo::plugin(name = \"s3\")] fn a() {}\n#[plugo::plugin(name = \"dynamodb\", namespace = \"aws.tables\")] fn b() {}\nservice!(made_by_macro);\n")
        .dependencies("multi = { path = \"plugins/multi\" }")
        .plugin("auth", "{}");
    let planning = project.plan(&[]);
    assert_eq!(planning.names(), ["made-by-macro", "auth", "aws.tables/dynamodb", "s3"]);
}

#[test]
fn a_namespace_is_named_before_the_name() {
    let project = Project::new()
        .plugin("a", "{}")
        .file("plugins/a/src/lib.rs", "#[plugo::plugin(namespace = \"x.y\")] fn f() {}")
        .config(&["x.y/a"]);
    assert_eq!(project.plan(&[]).names(), ["x.y/a"]);
    assert_eq!(project.config(&["a"]).plan(&[]).codes(), ["unknown-plugin"]);
}

#[test]
fn a_client_gets_what_its_file_says() {
    let project = Project::new()
        .optional_plugin("a", r#"{ "dependencies": ["b"] }"#)
        .optional_plugin("b", "{}")
        .optional_plugin("c", "{}")
        .features("client-acme = [\"a\", \"b\"]\nclient-zeta = [\"dep:c\"]")
        .client("acme", &["a"])
        .client("zeta", &["c", "!a"])
        .config(&["c"]);
    let acme = project.plan(&["client-acme", "a", "b"]);
    assert_eq!(acme.names(), ["b", "a"]);
    assert_eq!(acme.plan().client.as_deref(), Some("acme"));
    assert_eq!(project.plan(&["client-zeta"]).names(), ["c"]);
    // More may be compiled in, when features are unified; it is not in the plan.
    assert_eq!(project.plan(&["client-acme", "a", "b", "c"]).names(), ["b", "a"]);
    // Naming what the client has anyway changes nothing.
    assert_eq!(project.plan_enabling(&["client-acme", "a", "b"], "a").names(), ["b", "a"]);
}

#[test]
fn core_version_is_the_apps_version_or_the_setting() {
    let project = Project::new().plugin("a", r#"{ "core_version": ">=1.0, <2" }"#);
    assert_eq!(project.plan(&[]).names(), ["a"]);
    let project = project.settings("core-version = \"2.0.0\"");
    assert_eq!(project.plan(&[]).codes(), ["core-version"]);
}

#[test]
fn metadata_may_stand_in_both_places_and_agree() {
    let project = Project::new()
        .plugin("a", r#"{ "$schema": "x", "name": "a", "priority": 3 }"#)
        .file("plugins/a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.0.0\"\n[package.metadata.plugo]\nname = \"a\"\nidentifier = \"org.example.a\"\n");
    let planning = project.plan(&[]);
    let plugin = &planning.plan().plugins[0];
    assert_eq!((plugin.priority, plugin.identifier.as_str()), (3, "org.example.a"));
}

#[test]
fn two_thousand_folders_are_one_plan() {
    let mut project = Project::new();
    for i in 0..2000 {
        project = project.loose_plugin(&format!("p{i}"), "");
    }
    let planning = project.config(&[]).plan(&[]);
    assert_eq!(planning.names(), [""; 0]);
}

#[test]
fn a_config_of_ten_megabytes_is_read() {
    let entries: Vec<String> = (0..220_000)
        .map(|i| format!("{{\"name\":\"unknown-plugin-{i:06}\",\"enabled\":false}}"))
        .collect();
    let text =
        format!("{{\"plugins\":[{{\"name\":\"a\",\"enabled\":true}},{}]}}", entries.join(","));
    assert!(text.len() > 10_000_000);
    let planning = three().file("plugins_config.json", text).plan(&[]);
    assert_eq!(planning.names(), ["a"]);
}

#[test]
fn nothing_is_written_by_planning() {
    let project = three();
    let before = fs::read_dir(project.dir()).unwrap().count();
    project.plan(&[]).names();
    assert_eq!(fs::read_dir(project.dir()).unwrap().count(), before);
}
