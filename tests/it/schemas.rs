//! The JSON schemas say what the build says: each document is judged by both.

use std::collections::BTreeSet;

use jsonschema::Validator;
use plugo_build::schema;
use serde_json::{Value, json};
use tests::Project;

use crate::manifest;

fn validator(schema: &str) -> Validator {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::draft202012::new(&schema).expect("the schema is a schema")
}

/// Whether the build takes a file, judged with nothing requested, so that
/// only the file itself can be wrong.
type Parser = fn(&str) -> bool;

fn takes_config(document: &str) -> bool {
    let project = || Project::new().plugin("blog", "{}").plugin("auth", "{}");
    let taken = |project: Project| project.plan(&[]).codes().is_empty();
    let [config, client] = ["plugins_config.json", "clients/acme.json"]
        .map(|file| taken(project().features("client-acme = []").file(file, document)));
    assert_eq!(config, client, "a client's file is like the config file: {document}");
    config
}

/// A config that disables a plugin.
fn named(name: &str) -> String {
    format!(r#"{{ "plugins": [{{ "name": "{name}", "enabled": false }}] }}"#)
}

fn takes_metadata(document: &str) -> bool {
    // The plugin's name is made by a macro, and its package has no version:
    // nothing but the metadata says them.
    let source = "macro_rules! made {\n    ($name:literal) => {\n        \
                      #[plugo::plugin(name = $name)] fn init_plugin() {}\n    };\n}\n";
    let project = Project::new()
        .plugin("blog", document)
        .file("plugins/blog/Cargo.toml", "[package]\nname = \"blog\"\nversion = \"0.0.0\"\n")
        .file("plugins/blog/src/lib.rs", source)
        .config(&[]);
    project.plan(&[]).codes().is_empty()
}

/// Documents with one field each.
fn fields(field: &str, values: &[&str]) -> Vec<String> {
    values.iter().map(|value| format!(r#"{{ "{field}": {value} }}"#)).collect()
}

fn texts(field: &str, values: &[&str]) -> Vec<String> {
    values.iter().map(|value| format!(r#"{{ "{field}": "{value}" }}"#)).collect()
}

/// Documents that name one plugin each.
fn items(names: &[&str]) -> Vec<String> {
    let of = |field| names.iter().map(move |name| format!(r#"{{ "{field}": ["{name}"] }}"#));
    of("dependencies").chain(of("conflicts")).collect()
}

#[track_caller]
fn judge(
    schema: &str,
    parser: Parser,
    documents: &[impl AsRef<str>],
    by_schema: bool,
    by_parser: bool,
) {
    let validator = validator(schema);
    for document in documents.iter().map(AsRef::as_ref) {
        let value: Value = serde_json::from_str(document).expect("the document is JSON");
        assert_eq!(validator.is_valid(&value), by_schema, "the schema about {document}");
        assert_eq!(parser(document), by_parser, "the build about {document}");
    }
}

#[test]
fn a_config_that_the_schema_takes_is_taken() {
    let valid = [
        r#"{ "plugins": [] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": true }] }"#,
        r#"{ "plugins": [{ "enabled": false, "name": "blog" }, { "name": "auth", "enabled": true }] }"#,
        r#"{ "$schema": "https://example.org/plugins_config.schema.json", "plugins": [] }"#,
        r#"{ "plugins": [{ "name": "plugins/blog", "enabled": true }] }"#,
        r#"{ "plugins": [{ "name": "plugo.commands/9-Lives_2", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "fn", "enabled": false }] }"#,
        &named(&"x".repeat(64)),
        &named(&format!("{0}/{0}", "x".repeat(64))),
    ];
    judge(schema::CONFIG, takes_config, &valid, true, true);
}

#[test]
fn a_config_that_the_schema_refuses_is_refused() {
    let invalid = [
        "{}",
        "[]",
        "null",
        r#""plugins""#,
        r#"[{ "name": "blog", "enabled": true }]"#,
        r#"{ "$schema": "https://example.org/plugins_config.schema.json" }"#,
        r#"{ "plugins": null }"#,
        r#"{ "plugins": {} }"#,
        r#"{ "plugins": { "blog": true } }"#,
        r#"{ "plugins": "blog" }"#,
        r#"{ "plugins": ["blog"] }"#,
        r#"{ "plugins": [null] }"#,
        r#"{ "plugins": [[]] }"#,
        r#"{ "plugins": [{}] }"#,
        r#"{ "plugins": [], "plugin": [] }"#,
        r#"{ "plugins": [], "schema": "" }"#,
        r#"{ "plugins": [{ "name": "blog" }] }"#,
        r#"{ "plugins": [{ "enabled": true }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enable": true }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": true, "version": "1.0.0" }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": "true" }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": "false" }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": 1 }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": 0 }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": null }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": [true] }] }"#,
        r#"{ "plugins": [{ "name": 1, "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": null, "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": true, "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": ["blog"], "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": {}, "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": " blog", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "blog ", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "blog\n", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "-blog", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "_blog", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "my blog", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "blög", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "blog.v2", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "../blog", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "/blog", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "blog/", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "/", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "a/b/c", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": ".a/b", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "a/b.c", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": true }, { "name": "blog", "enabled": true }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": true }, { "enabled": true, "name": "blog" }] }"#,
        &named(&"x".repeat(65)),
        &named(&format!("{}/x", "x".repeat(65))),
        &named(&format!("x/{}", "x".repeat(65))),
    ];
    judge(schema::CONFIG, takes_config, &invalid, false, false);
}

#[test]
fn what_only_the_build_sees_in_a_config() {
    let documents = [
        // One plugin twice, in entries that differ.
        r#"{ "plugins": [{ "name": "blog", "enabled": true }, { "name": "blog", "enabled": false }] }"#,
        r#"{ "plugins": [{ "name": "blog", "enabled": true }, { "name": "plugins/blog", "enabled": true }] }"#,
        // One key twice.
        r#"{ "plugins": [], "plugins": [] }"#,
        r#"{ "plugins": [{ "name": "blog", "name": "auth", "enabled": true }] }"#,
        // What there is to enable.
        r#"{ "plugins": [{ "name": "unknown", "enabled": true }] }"#,
        r#"{ "plugins": [{ "name": "Blog", "enabled": true }] }"#,
    ];
    judge(schema::CONFIG, takes_config, &documents, true, false);
}

#[test]
fn metadata_that_the_schema_takes_is_taken() {
    let everything = r#"{
        "$schema": "https://example.org/metadata.schema.json",
        "name": "blog", "version": "1.2.0", "description": "", "identifier": "org.example.blog",
        "author": ["Ada", "Grace"], "core_version": ">=0.1, <2", "priority": -10,
        "dependencies": ["auth", "users >=1.2, <3"], "conflicts": ["old-blog"],
        "plugins": [{
            "name": "feed", "version": "0.1.0", "description": "", "identifier": "",
            "author": "Ada", "core_version": "*", "priority": 1, "dependencies": [], "conflicts": []
        }]
    }"#;
    let mut valid: Vec<String> = [
        "{}",
        everything,
        r#"{ "name": "9-Lives_2" }"#,
        r#"{ "author": "Ada" }"#,
        r#"{ "author": [] }"#,
        r#"{ "author": ["Ada", "Ada"] }"#,
        r#"{ "priority": 2147483647 }"#,
        r#"{ "priority": -2147483648 }"#,
        r#"{ "plugins": [] }"#,
        r#"{ "plugins": [{ "name": "a" }, { "name": "b" }] }"#,
    ]
    .map(str::to_owned)
    .to_vec();
    valid.extend(texts("name", &[&"x".repeat(64)]));
    valid.extend(texts(
        "version",
        &["0.0.1", "1.2.3-rc.1", "1.2.3-0a.x-y", "1.2.3+001", "1.2.3-a+b.c", "10.20.30"],
    ));
    valid.extend(texts(
        "core_version",
        &[
            "*",
            "x",
            " * ",
            "1",
            " 1.0 ",
            "1.*",
            "1.x.X",
            "1.2.*",
            "^1.2.3-rc.1",
            "~1",
            "= 1.2.3",
            ">=1,<2",
            ">=1.2 , <3",
            "1.2.3+b.001",
            "=1.*",
        ],
    ));
    valid.extend(items(&[
        "auth",
        "auth ",
        "auth 1",
        "auth >=1.2",
        "auth>=1.2, <3",
        "auth *",
        "auth*",
        "auth x",
        "auth\\t^1",
        "auth =1.2.3-rc.1",
        "auth1",
    ]));
    judge(schema::METADATA, takes_metadata, &valid, true, true);
}

#[test]
fn metadata_that_the_schema_refuses_is_refused() {
    let mut invalid = ["[]", "null", r#""blog""#, "1"].map(str::to_owned).to_vec();
    invalid.extend(texts("name", &[&"x".repeat(65)]));
    for field in ["name", "version", "description", "identifier", "core_version"] {
        invalid.extend(fields(field, &["null", "1", "true", "[]", "{}", r#"["1.0.0"]"#]));
    }
    invalid.extend(fields("author", &["null", "1", "true", "{}", "[1]", "[null]", r#"[["Ada"]]"#]));
    invalid.extend(fields(
        "priority",
        &["null", "true", "1.5", r#""1""#, "[]", "{}", "2147483648", "-2147483649"],
    ));
    for field in ["dependencies", "conflicts"] {
        let auth_twice = r#"["auth", "auth"]"#;
        invalid.extend(fields(
            field,
            &["null", r#""auth""#, "{}", "[1]", "[null]", "[[]]", r#"{ "auth": "1" }"#, auth_twice],
        ));
    }
    invalid.extend(fields(
        "plugins",
        &[
            "null",
            "{}",
            r#""blog""#,
            r#"["blog"]"#,
            "[{}]",
            r#"[{ "version": "1.0.0" }]"#,
            r#"[{ "name": "" }]"#,
            r#"[{ "name": 1 }]"#,
            r#"[{ "name": "a", "plugins": [] }]"#,
            r#"[{ "name": "a", "$schema": "" }]"#,
            r#"[{ "name": "a", "enabled": true }]"#,
            r#"[{ "name": "a", "priority": "1" }]"#,
            r#"[{ "name": "a" }, { "name": "a" }]"#,
        ],
    ));
    invalid.extend(texts("name", &["", "my blog", "-blog", "blög", "a/b", "a.b", "blog\\n"]));
    // Keys of other places, and keys that are spelt otherwise.
    for key in ["enabled", "authors", "core-version", "plugin", "Name", "license"] {
        invalid.extend(texts(key, &["1.0.0"]));
    }
    invalid.extend(texts(
        "version",
        &[
            "",
            "1",
            "1.2",
            "v1.2.3",
            "01.2.3",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3+",
            "1.2.3-a..b",
            " 1.2.3",
            "1.2.3 ",
            "1.2.x",
        ],
    ));
    let requirements = [
        "1.", "1.2.3.4", ">=", "=>1", ">=1 <2", ">=1,", ",1", "*, 1", "*.1", "1.*.3", "01",
        "1.2-rc", "1.2.3-", "v1", "latest", "1 || 2",
    ];
    invalid.extend(texts("core_version", &["", "\\t1"]));
    invalid.extend(texts("core_version", &requirements));
    let names = requirements.map(|requirement| format!("auth {requirement}"));
    invalid.extend(items(&names.each_ref().map(String::as_str)));
    invalid.extend(items(&[
        "",
        " auth",
        ">=1",
        "auth@1",
        "auth1.2",
        "a/auth",
        "äuth",
        "auth, users",
    ]));
    judge(schema::METADATA, takes_metadata, &invalid, false, false);
}

#[test]
fn what_only_the_build_sees_in_metadata() {
    let many = format!(r#"{{ "core_version": "{}" }}"#, ["1"; 33].join(", "));
    let documents = [
        // One name twice, in entries that differ.
        r#"{ "dependencies": ["auth", "auth >=1"] }"#,
        r#"{ "plugins": [{ "name": "a" }, { "name": "a", "priority": 1 }] }"#,
        r#"{ "name": "blog", "name": "blog" }"#,
        // Whole numbers that are not written as such.
        r#"{ "priority": 1.0 }"#,
        r#"{ "priority": 1e2 }"#,
        // Numbers and lists that are too large for the crate `semver`.
        r#"{ "version": "1.0.99999999999999999999" }"#,
        &many,
    ];
    judge(schema::METADATA, takes_metadata, &documents, true, false);
}

pub(crate) fn assert_manifest(manifest: &Value) {
    let validator = validator(schema::MANIFEST);
    let errors: Vec<String> = validator
        .iter_errors(manifest)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0]);
}

/// The objects of a document, of each list only the first.
fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(pointer.to_owned());
            fields
                .iter()
                .for_each(|(key, value)| objects(value, &format!("{pointer}/{key}"), found));
        }
        Value::Array(items) => {
            items.iter().take(1).for_each(|item| objects(item, &format!("{pointer}/0"), found));
        }
        _ => {}
    }
}

#[test]
fn the_manifests_of_the_examples_fit_the_schema() {
    let default = ["auth", "blog", "catalog", "clock", "default", "semver", "shop"];
    let acme = ["auth", "blog", "catalog", "client-acme", "shop"];
    for (example, features) in
        [("basic-plugins", [].as_slice()), ("web-plugins", &default), ("web-plugins", &acme)]
    {
        let manifest = manifest::json(&manifest::example(example, features));
        assert_manifest(&manifest);
        let planned: Vec<&str> = manifest["plugins"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["name"].as_str().unwrap())
            .collect();
        let expected = match features {
            [] => ["greeter", "shouter", "farewell"].as_slice(),
            features if features == acme => &["blog", "auth", "catalog", "shop"],
            _ => &["blog", "auth", "catalog", "clock", "shop"],
        };
        assert_eq!(planned, expected);
    }
}

#[test]
fn the_schema_of_the_manifest_knows_every_key_and_needs_every_key() {
    let acme = ["auth", "blog", "catalog", "client-acme", "shop"];
    let manifest = manifest::json(&manifest::example("web-plugins", &acme));
    let validator = validator(schema::MANIFEST);
    let mut pointers = Vec::new();
    objects(&manifest, "", &mut pointers);
    let places = [
        "",
        "/app",
        "/made_by",
        "/plugins/0",
        "/plugins/0/crate",
        "/plugins/0/reasons/0",
        "/crates/0",
        "/differences/0",
        "/differences/0/declared/0",
        "/duplicates/0",
    ];
    assert_eq!(BTreeSet::from_iter(pointers.iter().map(String::as_str)), BTreeSet::from(places));
    for pointer in pointers {
        let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
            let mut manifest = manifest.clone();
            change(manifest.pointer_mut(&pointer).unwrap().as_object_mut().unwrap());
            validator.is_valid(&manifest)
        };
        assert!(
            !changed(&|object| drop(object.insert("other".to_owned(), json!(null)))),
            "{pointer}"
        );
        for key in manifest.pointer(&pointer).unwrap().as_object().unwrap().keys() {
            assert!(!changed(&|object| drop(object.remove(key))), "without {pointer}/{key}");
            // No key may be everything.
            assert!(
                !changed(&|object| drop(object.insert(key.clone(), json!(1.5)))),
                "{pointer}/{key}"
            );
        }
    }
}
