use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "what it refuses is looked at")]
struct Account {
    pin: u32,
    #[serde(default)]
    #[schemars(extend("writeOnly" = true))]
    marked: BTreeMap<String, u8>,
    #[serde(default)]
    list: Vec<Pin>,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "what it refuses is looked at")]
struct Pin {
    key: u32,
}

static FORM: Form = Form::of::<Account>();

fn said(value: &Value, hidden: &[&str]) -> String {
    let hidden: Vec<String> = hidden.iter().map(|pointer| (*pointer).to_owned()).collect();
    let refused = FORM.construct_hiding(value, &hidden, Kwargs::new(), |_| ()).unwrap_err();
    refused.to_string()
}

#[test]
fn what_was_a_secret_is_not_in_what_the_type_says() {
    const HIDES: &str = "does not fit; what the plugin says of it holds a secret, and is not shown";
    let pin = json!({ "pin": "HUNTER2" });
    assert_eq!(said(&pin, &["/pin"]), format!("/pin {HIDES}"));
    assert!(said(&pin, &[]).contains("HUNTER2"), "it is no secret by itself");
    let list = json!({ "pin": 1, "list": [{ "key": "HUNTER2" }] });
    assert_eq!(said(&list, &["/list/0/key"]), format!("/list/0/key {HIDES}"));
    assert_eq!(said(&list, &["/list"]), format!("/list {HIDES}"));
    // The name of a member of a secret is a part of it.
    let marked = json!({ "pin": 1, "marked": { "HUNTER2": 70000 } });
    assert_eq!(said(&marked, &[]), format!("/marked {HIDES}"));
}

#[test]
#[cfg(feature = "check")]
fn what_was_a_secret_is_in_no_problem_of_it() {
    let value = json!({ "pin": "HUNTER2", "marked": { "HUNTER2": 70000 } });
    let problems = FORM.check_hiding(&value, &["/pin".to_owned()]).unwrap_err().to_string();
    assert!(problems.contains("/pin is") && problems.contains("/marked is"), "{problems}");
    assert!(!problems.contains("HUNTER2"), "{problems}");
}
