use plugo_settings::Problem;
use serde_json::{Value, json};

use super::read::number;
use super::*;

fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["account", "api_key", "mode", "limit", "strict", "accounts"],
        "properties": {
            "account": { "type": "string", "description": "Who <b>pays</b>." },
            "api_key": { "$ref": "#/$defs/Secret" },
            "mode": { "oneOf": [{ "const": "live", "description": "For money." }, { "const": "test" }] },
            "limit": { "type": "integer" },
            "ratio": { "type": ["number", "null"] },
            "strict": { "type": "boolean" },
            "maybe": { "type": ["boolean", "null"] },
            "smtp": { "anyOf": [{ "$ref": "#/$defs/Smtp" }, { "type": "null" }] },
            "accounts": { "type": "array", "items": { "$ref": "#/$defs/Smtp" } },
            "tags": { "type": "array", "items": { "type": "string" } },
            "map": { "type": "object", "additionalProperties": { "type": "integer" } },
            "tree": { "$ref": "#/$defs/Tree" }
        },
        "$defs": {
            "Secret": { "type": "string", "format": "password", "writeOnly": true },
            "Smtp": {
                "type": "object", "required": ["host"],
                "properties": { "host": { "type": "string" }, "password": { "$ref": "#/$defs/Secret" } }
            },
            "Tree": {
                "type": "object",
                "properties": { "left": { "anyOf": [{ "$ref": "#/$defs/Tree" }, { "type": "null" }] } }
            }
        }
    })
}

fn html(value: &Value, problems: &[Problem], typed: Option<&Fields>) -> String {
    let secrets = plugo_settings::secrets(&schema(), value);
    let shown = plugo_settings::redact(&schema(), value);
    let filled = Filled { value: &shown, secrets: &secrets, problems, typed, may_edit: true };
    fields(&schema(), &filled).iter().map(Field::html).collect()
}

fn value() -> Value {
    json!({
        "account": "\"><script>", "api_key": "sk_1", "mode": "test", "limit": 3, "strict": true,
        "smtp": { "host": "h", "password": "sk_2" },
        "accounts": [{ "host": "a", "password": "sk_3" }, { "host": "b" }], "tags": ["x"],
        "map": { "a": 1 }
    })
}

#[test]
fn x24_a_form_shows_every_value_and_no_secret() {
    let html = html(&value(), &[], None);
    assert!(!html.contains("sk_"), "{html}");
    assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
    for name in [
        "account",
        "api_key",
        "mode",
        "limit",
        "ratio",
        "strict",
        "maybe",
        "smtp/host",
        "accounts/0/host",
        "accounts/1/password",
        "tags/0",
        "map",
        "tree",
    ] {
        let is_there =
            html.contains(&format!("s:/{name}\"")) || html.contains(&format!("on:/{name}\""));
        assert!(is_there, "{name}: {html}");
    }
    assert_eq!(html.matches("A value is set").count(), 3, "{html}");
}

/// What a browser sends for a form, if nobody touches it.
fn posted() -> Vec<(&'static str, &'static str)> {
    vec![
        ("s:/account", "acme"),
        ("s:/api_key", ""),
        ("s:/mode", "\"live\""),
        ("s:/limit", "4"),
        ("s:/ratio", ""),
        ("b:/strict", ""),
        ("s:/maybe", "false"),
        ("on:/smtp", "on"),
        ("s:/smtp/host", "mail"),
        ("s:/smtp/password", "new"),
        ("n:/accounts", "2"),
        ("s:/accounts/0/host", "a"),
        ("s:/accounts/0/password", ""),
        ("s:/accounts/1/host", "b"),
        ("clear:/accounts/1/password", "on"),
        ("n:/tags", "1"),
        ("s:/tags/0", "t"),
        ("s:/map", "{\"a\": 2}"),
    ]
}

#[test]
fn what_is_posted_becomes_settings() {
    let (value, problems) = read(&schema(), &Fields::of(&posted()));
    assert_eq!(problems, []);
    let expected = json!({
        "account": "acme", "mode": "live", "limit": 4, "strict": false, "maybe": false,
        "smtp": { "host": "mail", "password": "new" },
        "accounts": [{ "host": "a" }, { "host": "b", "password": null }], "tags": ["t"],
        "map": { "a": 2 }
    });
    assert_eq!(value, expected);
}

#[test]
fn elements_come_and_go_without_scripts() {
    let mut fields = posted();
    fields.extend([("remove:/accounts/0", "on"), ("add:", "/tags")]);
    let fields = Fields::of(&fields);
    assert!(is_only_another_form(&fields));
    let (value, _) = read(&schema(), &fields);
    assert_eq!(value["accounts"], json!([{ "host": "b", "password": null }]));
    assert_eq!(value["tags"], json!(["t", ""]));
}

#[test]
fn what_cannot_be_read_stands_as_it_was_typed() {
    let typed = Fields::of(&[("s:/limit", "many"), ("s:/map", "{oops<"), ("s:/account", "a")]);
    let (value, problems) = read(&schema(), &typed);
    assert_eq!(value["limit"], "many");
    assert_eq!(problems.len(), 1, "{problems:?}");
    let html = html(&value, &problems, Some(&typed));
    assert!(html.contains("{oops&") && html.contains("value=\"many\""), "{html}");
    assert!(html.contains("is no JSON"), "{html}");
}

#[test]
fn x24_json_with_a_secret_in_it_is_not_shown_as_it_was_typed() {
    let schema = json!({
        "type": "object",
        "properties": {
            "open": { "type": "object", "additionalProperties": { "type": "integer" } },
            "read": { "type": "object", "additionalProperties": { "$ref": "#/$defs/Secret" } },
            "unread": { "type": "object", "additionalProperties": { "$ref": "#/$defs/Secret" } },
            "nowhere": { "$ref": "#/$defs/None" }
        },
        "$defs": { "Secret": { "type": "string", "writeOnly": true } }
    });
    let typed = Fields::of(&[
        ("s:/open", "{oops"),
        ("s:/read", "{\"a\": \"sk_read\"}"),
        ("s:/unread", "{\"a\": \"sk_unread\""),
        ("s:/nowhere", "sk_nowhere"),
    ]);
    let (value, problems) = read(&schema, &typed);
    assert_eq!(problems.len(), 3, "{problems:?}");
    let value = plugo_settings::redact(&schema, &value);
    let filled = Filled {
        value: &value,
        secrets: &[],
        problems: &problems,
        typed: Some(&typed),
        may_edit: true,
    };
    let html: String = fields(&schema, &filled).iter().map(Field::html).collect();
    assert!(html.contains("{oops") && !html.contains("sk_"), "{html}");
    assert_eq!(html.matches("type it anew").count(), 2, "{html}");
}

#[test]
fn what_an_encoded_reference_leads_to_has_fields_of_its_own() {
    let schema = json!({
        "type": "object",
        "properties": {
            "hook": { "$ref": "#/$defs/Hook%3CVec%3Cu8%3E%3E" },
            "map": { "type": "object", "additionalProperties": { "$ref": "#/$defs/a~1b%20c" } }
        },
        "$defs": {
            "Hook<Vec<u8>>": {
                "type": "object", "required": ["url"],
                "properties": {
                    "url": { "type": "string" }, "key": { "$ref": "#/$defs/Se%63ret" }
                }
            },
            "Secret": { "type": "string", "writeOnly": true },
            "a/b c": { "type": "integer" }
        }
    });
    let value = json!({ "hook": { "url": "there", "key": "" } });
    let secrets = ["/hook/key".to_owned()];
    let typed = Fields::of(&[("s:/map", "{oops")]);
    let filled = Filled {
        value: &value,
        secrets: &secrets,
        problems: &[],
        typed: Some(&typed),
        may_edit: true,
    };
    let html: String = fields(&schema, &filled).iter().map(Field::html).collect();
    assert!(html.contains("name=\"s:/hook/url\"") && html.contains("value=\"there\""), "{html}");
    assert!(html.contains("name=\"s:/hook/key\"") && html.contains("A value is set"), "{html}");
    // There is no secret behind it, so what was typed stands there.
    assert!(html.contains("{oops"), "{html}");
    let posted = Fields::of(&[("on:/hook", "on"), ("s:/hook/url", "u"), ("s:/hook/key", "k")]);
    let expected = json!({ "hook": { "url": "u", "key": "k" } });
    assert_eq!(read(&schema, &posted), (expected, Vec::new()));
}

#[test]
fn numbers_are_read_as_far_as_json_has_them() {
    for (text, expected) in [
        ("1", json!(1)),
        ("-7", json!(-7)),
        ("1.5", json!(1.5)),
        ("1e3", json!(1000.0)),
        ("18446744073709551615", json!(u64::MAX)),
        ("NaN", json!("NaN")),
        ("1e999", json!("1e999")),
        ("0x10", json!("0x10")),
        ("", json!("")),
    ] {
        assert_eq!(number(text), expected, "{text}");
    }
}

#[test]
fn every_schema_has_a_form() {
    for schema in [
        json!(true),
        json!({}),
        json!({ "type": "object" }),
        json!({ "$ref": "#" }),
        json!({ "$ref": "#/nowhere" }),
        json!({ "type": "array" }),
        json!({ "properties": 3 }),
        json!({ "type": "object", "properties": { "a": { "oneOf": [{ "$ref": "#" }] } } }),
    ] {
        let value = json!({ "a": 1 });
        let filled =
            Filled { value: &value, secrets: &[], problems: &[], typed: None, may_edit: true };
        let html: String = fields(&schema, &filled).iter().map(Field::html).collect();
        let _ = (html, read(&schema, &Fields::of(&[("s:", "{}"), ("s:/a", "1"), ("n:", "5")])));
    }
}
