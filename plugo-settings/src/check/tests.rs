use serde_json::json;

use super::*;

fn said(schema: &Value, value: &Value, hidden: &[&str]) -> Vec<String> {
    let hidden: Vec<String> = hidden.iter().map(|pointer| (*pointer).to_owned()).collect();
    let problems = check_hiding(schema, value, &hidden).err();
    problems.iter().flatten().map(ToString::to_string).collect()
}

#[test]
fn what_was_a_secret_is_not_shown_where_the_schema_has_none() {
    let schema = json!({ "type": "object", "properties": {
        "pin": { "type": "integer" },
        "mode": { "enum": ["a", "b"] },
        "list": { "type": "array", "items": { "properties": { "key": { "type": "integer" } } } },
        "either": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
        "form": { "type": "object", "properties": { "a": {} }, "additionalProperties": false }
    } });
    let value = json!({ "pin": "HUNTER2", "mode": "HUNTER2", "list": [{ "key": "HUNTER2" }],
        "either": "HUNTER2", "form": { "HUNTER2": "HUNTER2" } });
    let hidden = ["/pin", "/mode", "/list/0/key", "/either", "/form"];
    assert_eq!(
        said(&schema, &value, &hidden),
        [
            "/either is not what it should be, where a whole number or nothing (null) is wanted",
            "/form is not what it should be",
            "/list/0/key is not what it should be, where a whole number is wanted",
            "/mode is not what it should be, and must be \"a\" or \"b\"",
            "/pin is not what it should be, where a whole number is wanted",
        ]
    );
    assert!(said(&schema, &value, &[])[4].contains("HUNTER2"));
}

#[test]
fn names_of_members_within_a_secret_are_part_of_it() {
    let schema = json!({ "properties": {
        "numbers": { "writeOnly": true, "additionalProperties": { "type": "integer" } },
        "closed": { "writeOnly": true, "properties": { "a": {} }, "additionalProperties": false },
        "named": { "writeOnly": true, "propertyNames": { "pattern": "^[a-z]+$" } }
    } });
    let within = json!({ "HUNTER2": "x" });
    let value = json!({ "numbers": within, "closed": within, "named": within });
    let wanted = ["/closed", "/named", "/numbers"];
    assert_eq!(
        said(&schema, &value, &[]),
        wanted.map(|at| format!("{at} is not what it should be"))
    );
}

#[test]
fn a_secret_that_was_typed_a_level_too_high_is_not_shown() {
    let schema = json!({
        "$defs": {
            "Secret": { "type": "string", "writeOnly": true },
            "Tree": { "type": "object", "properties": {
                "key": { "$ref": "#/$defs/Secret" },
                "next": { "$ref": "#/$defs/Tree" }
            } }
        },
        "properties": {
            "auth": { "oneOf": [
                { "const": "Nothing" },
                { "type": "object", "required": ["Token"], "additionalProperties": false,
                    "properties": { "Token": { "$ref": "#/$defs/Secret" } } }
            ] },
            "keys": { "type": "array", "items": { "$ref": "#/$defs/Secret" } },
            "tree": { "$ref": "#/$defs/Tree" },
            "plain": { "type": "array", "items": { "type": "string" } }
        }
    });
    let text = |value: &Value| said(&schema, value, &[]).join("; ");
    for value in [json!({ "auth": "S3CR" }), json!({ "keys": "S3CR" }), json!({ "tree": "S3CR" })] {
        let said = text(&value);
        assert!(said.contains("is not what it should be, ") && !said.contains("S3CR"), "{said}");
    }
    assert_eq!(text(&json!({ "plain": "x" })), "/plain is \"x\", where a list is wanted");
}
