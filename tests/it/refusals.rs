//! What is refused, in the words that a person reads. `UPDATE_EXPECT=1 cargo
//! test` writes the expected texts anew.

use expect_test::{Expect, expect};
use tests::Project;

fn check(project: &Project, expected: Expect) {
    expected.assert_eq(&project.plan(&[]).refused());
}

fn auth_and_blog() -> Project {
    Project::new().plugin("auth", "{}").plugin("blog", "{}")
}

#[test]
fn g09_g15_an_unknown_name_with_the_nearest_one_and_the_whole_list() {
    check(
        &auth_and_blog().config(&["blgo", "auth"]),
        expect![[r#"
        [unknown-plugin] no plugin is named `blgo`
          --> plugins_config.json:3:15
          help: did you mean `blog`? the known plugins are `auth` and `blog`
    "#]],
    );
    let variable = auth_and_blog().plan_enabling(&[], "auth,payments");
    expect![[r#"
        [unknown-plugin] no plugin is named `payments`
          --> ENABLED_PLUGINS
          help: the known plugins are `auth` and `blog`
    "#]]
    .assert_eq(&variable.refused());
}

#[test]
fn a_feature_that_is_off() {
    let project = Project::new()
        .optional_plugin("blog", "{}")
        .features("everything = [\"blog\"]")
        .config(&["blog"]);
    check(
        &project,
        expect![[r#"
            [feature-off] `blog` is requested, but the cargo feature `blog`, which compiles it in, is off
              --> plugins_config.json:3:15
              note: `blog` is turned on by `blog` and `everything`
              help: build with `--features blog`, or add it to `default` in [features]
        "#]],
    );
    let project = Project::new()
        .loose_plugin("blog", "{}")
        .dependencies("blog = { path = \"plugins/blog\", optional = true }");
    expect![[r#"
        [feature-off] `blog` is requested, but the cargo feature `blog`, which compiles it in, is off
          --> ENABLED_PLUGINS
          help: build with `--features blog`, or add it to `default` in [features]
    "#]]
    .assert_eq(&project.plan_enabling(&[], "blog").refused());
}

#[test]
fn a_crate_that_is_no_dependency() {
    let project = auth_and_blog().loose_plugin("shop", "{}");
    expect![[r#"
        [not-in-build] `shop` is not in this build: its crate is no dependency of the app
          --> plugins/shop/src/lib.rs:1:1
          help: add `shop = { path = "plugins/shop" }` to [dependencies] of the app
    "#]]
    .assert_eq(&project.plan(&[]).warnings());
    check(
        &project.config(&["shop"]),
        expect![[r#"
            [not-a-dependency] `shop` is requested, but its crate is no dependency of the app
              --> plugins_config.json:3:15
              help: add `shop = { path = "plugins/shop" }` to [dependencies] of the app
        "#]],
    );
}

#[test]
fn m02_g10_a_folder_that_is_no_crate_and_a_crate_without_an_entry_point() {
    let project = Project::new()
        .file("plugins/old/metadata.json", r#"{ "name": "old" }"#)
        .plugin("empty", "{}")
        .file("plugins/empty/src/lib.rs", "pub fn init_plugin() {}")
        .config(&["old", "empty"]);
    check(
        &project,
        expect![[r#"
            [not-a-crate] `old` is requested, but its folder has no Cargo.toml
              --> plugins_config.json:3:15
              note: it is known from plugins/old/metadata.json
              help: make it a Cargo package with a function that has `#[plugin]`
            [no-entry-point] `empty` has no function with `#[plugin]`
              --> plugins/empty/Cargo.toml
              help: write `#[plugo::plugin(name = "empty")] fn init_plugin() { … }`
        "#]],
    );
}

#[test]
fn a_crate_for_another_target() {
    let project = Project::new()
        .loose_plugin("blog", "{}")
        .config(&["blog"])
        .dependencies("[target.'cfg(windows)'.dependencies]\nblog = { path = \"plugins/blog\" }");
    check(
        &project,
        expect![[r#"
            [other-target] `blog` is requested, but its crate is a dependency for `cfg(windows)` only
              --> plugins_config.json:3:15
        "#]],
    );
}

#[test]
fn d06_a_dependency_that_does_not_exist() {
    let project = auth_and_blog().plugin("shop", r#"{ "dependencies": ["auht"] }"#);
    check(
        &project,
        expect![[r#"
        [missing-dependency] `shop` depends on `auht`, and there is no such plugin
          --> plugins/shop/metadata.json:1:20
          help: did you mean `auth`? the known plugins are `auth`, `blog` and `shop`
    "#]],
    );
}

#[test]
fn d07_a_dependency_that_is_disabled() {
    let project = auth_and_blog()
        .plugin("shop", r#"{ "dependencies": ["auth"] }"#)
        .config(&["shop", "!auth"]);
    check(
        &project,
        expect![[r#"
        [disabled-dependency] `shop` depends on `auth`, which is disabled
          --> plugins_config.json:4:15
          note: the dependency stands at plugins/shop/metadata.json:1:20
          note: `shop` is in the build because of config: plugins_config.json:3:15
          help: enable `auth`, or disable `shop` too
    "#]],
    );
}

#[test]
fn a_dependency_whose_feature_is_off() {
    let project = Project::new()
        .optional_plugin("auth", "{}")
        .plugin("shop", r#"{ "dependencies": ["auth"] }"#);
    check(
        &project,
        expect![[r#"
            [feature-off] `shop` depends on `auth`, but the cargo feature `auth`, which compiles it in, is off
              --> plugins/shop/metadata.json:1:20
              help: build with `--features auth`, or add it to `default` in [features]
        "#]],
    );
}

#[test]
fn a_dependency_of_the_wrong_version() {
    let project =
        auth_and_blog().plugin("shop", r#"{ "dependencies": ["auth >=1.2, <2", "blog"] }"#);
    check(
        &project,
        expect![[r#"
            [dependency-version] `shop` depends on `auth >=1.2, <2`, and this build has `auth` 1.0.0
              --> plugins/shop/metadata.json:1:20
              note: `auth` stands at plugins/auth/src/lib.rs:1:1
              help: change the version of `auth`, or what `shop` asks for
        "#]],
    );
}

#[test]
fn d03_d04_circles_are_shown_whole() {
    let project = auth_and_blog()
        .plugin("one", r#"{ "dependencies": ["two"] }"#)
        .plugin("two", r#"{ "dependencies": ["auth", "three"] }"#)
        .plugin("three", r#"{ "dependencies": ["one"] }"#)
        .plugin("waits", r#"{ "dependencies": ["one"] }"#)
        .plugin("self", r#"{ "dependencies": ["self"] }"#);
    check(
        &project,
        expect![[r#"
        [dependency-cycle] plugins depend on each other in a circle: one -> two -> three -> one
          --> plugins/one/metadata.json:1:20
          note: `two` depends on `three` at plugins/two/metadata.json:1:28
          note: `three` depends on `one` at plugins/three/metadata.json:1:20
          help: take one of these dependencies away
        [dependency-cycle] plugins depend on each other in a circle: self -> self
          --> plugins/self/metadata.json:1:20
          help: take one of these dependencies away
    "#]],
    );
}

#[test]
fn a_conflict_between_two_planned_plugins() {
    let project = Project::new()
        .plugin("stripe", r#"{ "conflicts": ["adyen"] }"#)
        .plugin("adyen", "{}")
        .config(&["stripe", "adyen"]);
    check(
        &project,
        expect![[r#"
        [conflict] `stripe` and `adyen` exclude each other, and both are in the build
          --> plugins/stripe/metadata.json:1:17
          note: `stripe` is in the build because of config: plugins_config.json:3:15
          note: `adyen` is in the build because of config: plugins_config.json:4:15
          help: leave one of the two out of the selection
    "#]],
    );
    assert_eq!(project.config(&["stripe"]).plan(&[]).names(), ["stripe"]);
}

#[test]
fn m07_a_core_version_that_the_app_does_not_meet() {
    let project = Project::new().plugin("blog", r#"{ "core_version": ">=2" }"#);
    check(
        &project,
        expect![[r#"
        [core-version] `blog` needs core version >=2, and the app's is 1.0.0
          --> plugins/blog/metadata.json:1:19
          help: the app's is `core-version` in [package.metadata.plugo], or else its version
    "#]],
    );
}

#[test]
fn two_plugins_with_one_name() {
    let project = Project::new()
        .plugin("one", r#"{ "name": "blog" }"#)
        .file("plugins/one/src/lib.rs", "#[plugo::plugin(name = \"blog\")] fn f() {}")
        .plugin("two", r#"{ "name": "blog" }"#)
        .file("plugins/two/src/lib.rs", "#[plugo::plugin(name = \"blog\")] fn f() {}");
    check(
        &project,
        expect![[r#"
        [duplicate-plugin] 2 plugins are named `blog`
          --> plugins/one/src/lib.rs:1:1
          note: another one stands at plugins/two/src/lib.rs:1:1
          help: a name is used once; change it in `#[plugin(name = "…")]`
    "#]],
    );
}

#[test]
fn g18_a_name_given_twice_and_a_name_enabled_and_disabled() {
    let project = auth_and_blog().config(&["auth", "blog", "auth", "!blog"]);
    check(
        &project,
        expect![[r#"
        [listed-twice] `auth` is listed twice
          --> plugins_config.json:5:15
          note: the first time at plugins_config.json:3:15
          help: remove one of the two entries
        [enabled-and-disabled] `blog` is disabled here, and enabled elsewhere
          --> plugins_config.json:6:15
          note: it is enabled at plugins_config.json:4:15
          help: keep one of the two entries
    "#]],
    );
}

#[test]
fn g12_files_that_are_not_json() {
    for (text, expected) in [
        (
            "",
            expect![[r#"
            [malformed-json] `plugins_config.json` is not JSON: EOF while parsing a value
              --> plugins_config.json:1:1
              help: the file is empty; an empty selection is `{ "plugins": [] }`
        "#]],
        ),
        (
            "{\"plugins\": [\n  {\"name\": \"blog\", \"enabled\": true},\n]}",
            expect![[r#"
                [malformed-json] `plugins_config.json` is not JSON: expected value
                  --> plugins_config.json:3:1
                  help: JSON has no comma behind the last entry: remove the one at plugins_config.json:2:36
            "#]],
        ),
        (
            "{ \"plugins\": [] // none\n}",
            expect![[r#"
                [malformed-json] `plugins_config.json` is not JSON: expected `,` or `}`
                  --> plugins_config.json:1:17
                  help: JSON has no comments
            "#]],
        ),
        (
            "\u{feff}{}",
            expect![[r#"
            [unreadable] `plugins_config.json` cannot be read: it starts with a byte order mark
              --> plugins_config.json
              help: save it as UTF-8 without a byte order mark
        "#]],
        ),
    ] {
        check(&auth_and_blog().file("plugins_config.json", text), expected);
    }
    let project = auth_and_blog().file("plugins_config.json", b"{\"plugins\": \"\xff\"}");
    check(
        &project,
        expect![[r#"
        [unreadable] `plugins_config.json` cannot be read: byte 14 is not UTF-8
          --> plugins_config.json
          help: save it as UTF-8
    "#]],
    );
}

#[test]
fn g17_fields_that_are_missing_mistyped_or_unknown_all_at_once() {
    let project = auth_and_blog().file(
        "plugins_config.json",
        r#"{
  "plugin": [],
  "plugins": [
    { "name": "blog" },
    { "enabled": true },
    { "name": "blog", "enabled": "false" },
    { "name": 7, "enabled": true },
    { "name": "auth", "enable": true, "enabled": true },
    "auth",
    { "name": "auth", "name": "blog", "enabled": true }
  ]
}"#,
    );
    check(
        &project,
        expect![[r#"
        [duplicate-key] the key `name` stands here for the second time
          --> plugins_config.json:10:23
        [unknown-field] `plugins_config.json` has no field `plugin`
          --> plugins_config.json:2:3
          help: did you mean `plugins`? the fields are `$schema` and `plugins`
        [missing-field] an entry of `plugins` has no `enabled`
          --> plugins_config.json:4:5
          help: write `"enabled": true` or `"enabled": false`
        [missing-field] an entry of `plugins` has no `name`
          --> plugins_config.json:5:5
        [mistyped-field] `enabled` must be true or false, and is the string "false"
          --> plugins_config.json:6:34
        [mistyped-field] `name` must be a string, and is the number 7
          --> plugins_config.json:7:15
        [unknown-field] an entry of `plugins` has no field `enable`
          --> plugins_config.json:8:23
          help: did you mean `enabled`? the fields are `name` and `enabled`
        [mistyped-field] an entry of `plugins` must be an object, and is the string "auth"
          --> plugins_config.json:9:5
        [listed-twice] `auth` is listed twice
          --> plugins_config.json:10:15
          note: the first time at plugins_config.json:8:15
          help: remove one of the two entries
    "#]],
    );
    check(
        &auth_and_blog().file("plugins_config.json", "[]"),
        expect![[r#"
        [mistyped-field] `plugins_config.json` must be an object, and is an array
          --> plugins_config.json:1:1
    "#]],
    );
    check(
        &auth_and_blog().file("plugins_config.json", "{\"plugins\": null}"),
        expect![[r#"
        [mistyped-field] `plugins` of `plugins_config.json` must be an array of objects, and is null
          --> plugins_config.json:1:13
    "#]],
    );
    check(
        &auth_and_blog().file("plugins_config.json", "{}"),
        expect![[r#"
        [missing-field] `plugins_config.json` has no `plugins`
          --> plugins_config.json:1:1
          help: write `{ "plugins": [{ "name": "blog", "enabled": true }] }`
    "#]],
    );
}

#[test]
fn m03_m04_metadata_that_cannot_be_meant() {
    let project = Project::new()
        .plugin("json", "{ \"name\": json }")
        .plugin("list", "[]")
        .plugin("types", r#"{ "version": 1.0, "dependencies": "auth", "priority": 1.5, "author": {}, "naem": "x" }"#)
        .plugin("inner", r#"{ "dependencies": [{ "name": "auth" }, "auth >>1", "", "auth", "auth >=1"] }"#)
        .plugin("versions", r#"{ "version": "one", "core_version": "latest" }"#)
        .plugin("bytes", "{}")
        .file("plugins/bytes/metadata.json", b"\xff\xfe{");
    check(
        &project,
        expect![[r#"
            [unreadable] `plugins/bytes/metadata.json` cannot be read: byte 1 is not UTF-8
              --> plugins/bytes/metadata.json
              help: save it as UTF-8
            [mistyped-field] each entry of `dependencies` of `plugins/inner/metadata.json` must be a string, and is an object
              --> plugins/inner/metadata.json:1:20
            [invalid-version] the version of "auth >>1" is ">>1", which is no version requirement: unexpected character '>' while parsing major version number
              --> plugins/inner/metadata.json:1:40
              help: requirements are written as for Cargo: ">=1.2, <3"
            [invalid-name] "" cannot be the name of a plugin: a name must not be empty; a valid one is `price-list`
              --> plugins/inner/metadata.json:1:52
            [listed-twice] `dependencies` of `plugins/inner/metadata.json` names `auth` twice
              --> plugins/inner/metadata.json:1:64
            [malformed-json] `plugins/json/metadata.json` is not JSON: expected value
              --> plugins/json/metadata.json:1:11
            [mistyped-field] `plugins/list/metadata.json` must be an object, and is an array
              --> plugins/list/metadata.json:1:1
            [unknown-field] `plugins/types/metadata.json` has no field `naem`
              --> plugins/types/metadata.json:1:74
              help: did you mean `name`? the fields are `name`, `version`, `description`, `identifier`, `author`, `core_version`, `priority`, `dependencies`, `conflicts`, `plugins` and `$schema`
            [mistyped-field] `version` of `plugins/types/metadata.json` must be a string, and is the number 1.0
              --> plugins/types/metadata.json:1:14
            [mistyped-field] `dependencies` of `plugins/types/metadata.json` must be an array of names, and is the string "auth"
              --> plugins/types/metadata.json:1:35
            [mistyped-field] `priority` of `plugins/types/metadata.json` must be a whole number that fits 32 bits, and is the number 1.5
              --> plugins/types/metadata.json:1:55
            [mistyped-field] `author` of `plugins/types/metadata.json` must be a string or an array of strings, and is an object
              --> plugins/types/metadata.json:1:70
            [invalid-version] `version` of `plugins/versions/metadata.json` is "one", which is no version: unexpected character 'o' while parsing major version number
              --> plugins/versions/metadata.json:1:14
              help: a version has three numbers, as in "1.2.0"
            [invalid-version] `core_version` of `plugins/versions/metadata.json` is "latest", which is no version requirement: unexpected character 'l' while parsing major version number
              --> plugins/versions/metadata.json:1:37
              help: requirements are written as for Cargo: ">=1.2, <3"
        "#]],
    );
}

#[test]
fn m06_metadata_that_contradicts_the_source_or_cargo() {
    let project = Project::new()
        .plugin("named", r#"{ "name": "other" }"#)
        .plugin("versioned", r#"{ "version": "2.0.0" }"#)
        .plugin("weighed", r#"{ "priority": 1 }"#)
        .file("plugins/weighed/src/lib.rs", "#[plugo::plugin(priority = 2)] fn f() {}")
        .plugin("twice", r#"{ "identifier": "x" }"#)
        .file("plugins/twice/Cargo.toml", "[package]\nname = \"twice\"\nversion = \"1.0.0\"\n[package.metadata.plugo]\nidentifier = \"y\"\n");
    check(
        &project,
        expect![[r#"
        [name-mismatch] the metadata's name `other` is not the name in `#[plugin]`: `named`
          --> plugins/named/metadata.json:1:11
          note: `#[plugin]` of `named` is at plugins/named/src/lib.rs:1:1
          help: give both the same name, or leave it out of the metadata
        [contradiction] `identifier` is said twice, and differently: "x" here
          --> plugins/twice/metadata.json:1:17
          note: "y" at plugins/twice/Cargo.toml:5:14
          help: keep one of them
        [contradiction] `version` is said twice, and differently: "2.0.0" here
          --> plugins/versioned/metadata.json:1:14
          note: "1.0.0" at plugins/versioned/Cargo.toml
          help: keep one of them
        [contradiction] `priority` is said twice, and differently: "1" here
          --> plugins/weighed/metadata.json:1:15
          note: "2" at plugins/weighed/src/lib.rs:1:1
          help: keep one of them
    "#]],
    );
}

#[test]
fn metadata_that_could_mean_either_of_two_plugins() {
    let project = Project::new().plugin("two", r#"{ "dependencies": ["auth"] }"#).file(
        "plugins/two/src/lib.rs",
        "#[plugo::plugin(name = \"a\")] fn a() {}\n#[plugo::plugin(name = \"b\")] fn b() {}",
    );
    check(
        &project,
        expect![[r#"
        [ambiguous-metadata] `dependencies` belongs to one plugin, and the crate `two` has several: `a` and `b`
          --> plugins/two/metadata.json:1:19
          help: list it under `plugins`: one entry with `name` for each plugin
    "#]],
    );
}

#[test]
fn hostile_names() {
    let long = "x".repeat(65);
    let project = auth_and_blog().config(&[
        "",
        "price list",
        "../auth",
        "a\\b",
        "über",
        &long,
        "fn",
        "a/b/c",
    ]);
    check(
        &project,
        expect![[r#"
        [invalid-name] "" cannot be the name of a plugin: a name must not be empty; a valid one is `price-list`
          --> plugins_config.json:3:15
        [invalid-name] "price list" cannot be the name of a plugin: a name consists of ASCII letters, digits, `-` and `_` (a namespace also of `.`); a valid one is `price-list`
          --> plugins_config.json:4:15
        [invalid-name] ".." cannot be a namespace: a name starts with an ASCII letter or a digit; a valid one is `price-list`
          --> plugins_config.json:5:15
        [invalid-name] "a\\b" cannot be the name of a plugin: a name consists of ASCII letters, digits, `-` and `_` (a namespace also of `.`); a valid one is `price-list`
          --> plugins_config.json:6:15
        [invalid-name] "über" cannot be the name of a plugin: a name starts with an ASCII letter or a digit; a valid one is `price-list`
          --> plugins_config.json:7:15
        [invalid-name] "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" cannot be the name of a plugin: a name has at most 64 bytes; a valid one is `price-list`
          --> plugins_config.json:8:15
        [invalid-name] "b/c" cannot be the name of a plugin: a name consists of ASCII letters, digits, `-` and `_` (a namespace also of `.`); a valid one is `price-list`
          --> plugins_config.json:10:15
    "#]],
    );
    let project = Project::new().plugin("odd", "{}").file(
        "plugins/odd/src/lib.rs",
        "#[plugo::plugin(name = \"price list\", namespace = \"\")] fn f() {}",
    );
    check(
        &project,
        expect![[r#"
        [invalid-name] "price list" cannot be the name of a plugin: a name consists of ASCII letters, digits, `-` and `_` (a namespace also of `.`); a valid one is `price-list`
          --> plugins/odd/src/lib.rs:1:1
        [invalid-name] "" cannot be a namespace: a name must not be empty; a valid one is `price-list`
          --> plugins/odd/src/lib.rs:1:1
    "#]],
    );
}

#[test]
fn settings_that_are_wrong() {
    let project = auth_and_blog()
        .settings("plugin-directory = 5\nconfg = \"x.json\"\ncore-version = \"1\"\nclients = \"\"");
    check(
        &project,
        expect![[r#"
        [unknown-field] [package.metadata.plugo] has no field `confg`
          --> Cargo.toml:14:1
          help: did you mean `config`? the fields are `plugin-directory`, `config`, `clients`, `core-version`, `manifest-dir` and `plugins`
        [mistyped-field] `plugin-directory` of [package.metadata.plugo] must be a string, and is the number 5
          --> Cargo.toml:13:20
        [mistyped-field] `clients` of [package.metadata.plugo] is empty
          --> Cargo.toml:16:11
        [invalid-version] `core-version` of [package.metadata.plugo] is "1", which is no version: unexpected end of input while parsing major version number
          --> Cargo.toml:15:16
          help: a version has three numbers, as in "1.2.0"
    "#]],
    );
}

#[test]
fn g11_g13_g14_paths_that_do_not_exist() {
    let project = Project::new().settings(
        "plugin-directory = \"plug-ins\"\nconfig = \"conf.json\"\nclients = \"customers\"",
    );
    check(
        &project,
        expect![[r#"
        [missing-file] the folder of clients, `customers`, does not exist
          --> Cargo.toml:13:11
        [missing-file] the config file `conf.json` does not exist
          --> Cargo.toml:12:10
          help: create it, or mend `config` in [package.metadata.plugo]
        [missing-file] the plugin directory `plug-ins` does not exist
          --> Cargo.toml:11:20
          help: create it, or mend `plugin-directory` in [package.metadata.plugo]
    "#]],
    );
}

#[test]
#[cfg(unix)]
fn a_plugin_directory_that_is_a_file_or_a_dangling_link_or_holds_one() {
    use std::os::unix::fs::symlink;
    check(
        &Project::new().file("plugins", ""),
        expect![[r#"
        [unreadable] the plugin directory `plugins` cannot be read: Not a directory (os error 20)
          --> plugins
    "#]],
    );
    let project = Project::new();
    symlink("nowhere", project.dir().join("plugins")).unwrap();
    check(
        &project,
        expect![[r#"
        [unreadable] the plugin directory `plugins` cannot be read: No such file or directory (os error 2)
          --> plugins
    "#]],
    );
    let project = auth_and_blog();
    symlink("nowhere", project.dir().join("plugins/gone")).unwrap();
    symlink("nowhere", project.dir().join("plugins/.#lock-of-an-editor")).unwrap();
    check(
        &project,
        expect![[r#"
        [unreadable] the plugin directory `plugins` has an entry `gone` that cannot be read: No such file or directory (os error 2)
          --> plugins
          help: mend or remove it
    "#]],
    );
    let project = auth_and_blog();
    symlink("nowhere", project.dir().join("plugins_config.json")).unwrap();
    check(
        &project,
        expect![[r#"
            [unreadable] `plugins_config.json` cannot be read: it is a link that leads nowhere
              --> plugins_config.json
        "#]],
    );
}

#[test]
#[cfg(unix)]
fn a_pipe_is_refused_and_not_waited_for() {
    let project = auth_and_blog();
    let pipe = project.dir().join("plugins_config.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    check(
        &project,
        expect![[r#"
        [unreadable] `plugins_config.json` cannot be read: it is not a regular file
          --> plugins_config.json
    "#]],
    );
}

#[test]
fn one_plugin_told_of_twice_in_one_file() {
    let project = auth_and_blog().plugin(
        "shop",
        r#"{ "name": "shop", "priority": 1, "plugins": [{ "name": "shop", "priority": 2 }] }"#,
    );
    check(
        &project,
        expect![[r#"
        [contradiction] `priority` is said twice, and differently: "2" here
          --> plugins/shop/metadata.json:1:76
          note: "1" at plugins/shop/metadata.json:1:31
          help: keep one of them
    "#]],
    );
}

fn clients() -> Project {
    Project::new()
        .optional_plugin("auth", "{}")
        .optional_plugin("blog", "{}")
        .features("client-acme = [\"auth\"]\nclient-zeta = [\"blog\"]")
        .client("acme", &["auth"])
        .client("zeta", &["blog"])
}

#[test]
fn two_clients_at_once() {
    let planning = clients().plan(&["client-acme", "client-zeta", "auth", "blog"]);
    expect![[r#"
        [several-clients] a build is for one client, and the features `client-acme` and `client-zeta` are on
          --> Cargo.toml:13:1
          note: `--all-features`, and a default feature that includes a client, turn on several
          help: build with `--no-default-features --features client-acme`
    "#]].assert_eq(&planning.refused());
}

#[test]
fn a_client_that_does_not_exist() {
    let project = clients().features("client-amce = []");
    expect![[r#"
        [unknown-client] the feature `client-amce` is on, and there is no client `amce`: `clients/amce.json` does not exist
          --> Cargo.toml:15:1
          help: create that file; did you mean `acme`? the clients are `acme` and `zeta`
    "#]].assert_eq(&project.plan(&["client-amce"]).refused());
}

#[test]
fn the_variable_cannot_add_to_a_client() {
    let planning = clients().plan_enabling(&["client-acme", "auth", "blog"], "blog");
    expect![[r#"
        [environment-beyond-client] ENABLED_PLUGINS adds `blog`, which `clients/acme.json` does not enable: no variable changes what a client gets
          --> clients/acme.json
          help: enable `blog` in that file, or unset ENABLED_PLUGINS
    "#]].assert_eq(&planning.refused());
    let disabled = clients().client("acme", &["auth", "!blog"]);
    let planning = disabled.plan_enabling(&["client-acme", "auth", "blog"], "blog");
    assert_eq!(planning.codes(), ["environment-beyond-client"]);
}

#[test]
fn a_client_whose_feature_differs_from_its_file() {
    let project = clients().client("acme", &["blog"]).client("new", &["auth", "blog"]);
    check(
        &project,
        expect![[r#"
        [client-feature] the feature `client-acme` and the file of the client `acme` differ
          --> Cargo.toml:13:1
          note: the file needs `blog`, which the feature leaves off
          note: the feature turns on `auth`, which the file does not need
          help: write `client-acme = ["blog"]` in [features]
        [client-feature] the client `new` has no feature `client-new`
          --> Cargo.toml
          help: write `client-new = ["auth", "blog"]` in [features]
    "#]],
    );
}

#[test]
fn a_client_file_is_checked_in_every_build() {
    let project = clients().client("zeta", &["blgo"]).features("client-x = []");
    expect![[r#"
        [unknown-plugin] no plugin is named `blgo`
          --> clients/zeta.json:3:15
          help: did you mean `blog`? the known plugins are `auth` and `blog`
    "#]]
    .assert_eq(&project.plan(&["client-acme", "auth"]).refused());
    let project = clients().file("clients/no name.json", "{}");
    assert_eq!(project.plan(&["client-acme", "auth"]).codes(), ["invalid-name"]);
}

#[test]
fn a_client_whose_plugins_were_not_downloaded_does_not_stop_another() {
    let project = clients()
        .dependencies("far-away = { version = \"1\", optional = true }")
        .features("client-far = [\"dep:far-away\"]")
        .client("far", &["far-plugin"]);
    assert_eq!(project.plan(&["client-acme", "auth"]).names(), ["auth"]);
    assert_eq!(project.plan(&["client-far"]).codes(), ["not-in-build", "unknown-plugin"]);
}

#[test]
fn a_missing_lock_file() {
    let project = auth_and_blog();
    std::fs::remove_file(project.dir().join("Cargo.lock")).unwrap();
    check(
        &project,
        expect![[r#"
        [missing-lock-file] `Cargo.lock` does not exist, so nothing says which crates this build has
          --> Cargo.lock
          help: run `cargo generate-lockfile`, and commit the file
    "#]],
    );
}
