//! What an operator is told of settings that do not fit.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use plugo::settings::schemars::{self, JsonSchema};
use plugo::settings::serde::{self, Deserialize};
use plugo::settings::serde_json::{Value, json};
use plugo::settings::{Form, Problems, Secret, check};

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "serde")]
#[schemars(crate = "schemars")]
#[allow(dead_code, reason = "its schema is what is looked at")]
struct Everything {
    key: Secret,
    #[schemars(range(min = 1, max = 9))]
    retries: u8,
    big: Option<u64>,
    #[schemars(length(min = 2, max = 4), regex(pattern = "^[a-z]*$"))]
    short: Option<String>,
    #[schemars(email)]
    mail: Option<String>,
    nested: Option<Inner>,
    #[serde(default)]
    accounts: Vec<Inner>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    mode: Option<Mode>,
    auth: Option<Auth>,
    tagged: Option<Tagged>,
    either: Option<Either>,
    anything: Option<Value>,
    even: Option<Even>,
    ratio: Option<f32>,
    exact: Option<f64>,
    offset: Option<i32>,
    count: Option<u32>,
    loose: Option<Loose>,
}

/// Of two types that may stand somewhere, one can hold it.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "serde")]
#[schemars(crate = "schemars")]
#[serde(untagged)]
#[allow(dead_code)]
enum Loose {
    Small(f32),
    Large(f64),
}

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "serde")]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Inner {
    url: String,
    key: Option<Secret>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "serde")]
#[schemars(crate = "schemars")]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Live,
    /// Nothing is charged.
    Sandbox,
}

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "serde")]
#[schemars(crate = "schemars")]
#[allow(dead_code)]
enum Auth {
    Anonymous,
    Token(Secret),
    Basic { user: String, password: Secret },
}

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "serde")]
#[schemars(crate = "schemars")]
#[serde(tag = "kind", rename_all = "lowercase")]
#[allow(dead_code)]
enum Tagged {
    Open { at: String },
    Locked { at: String, code: Secret },
}

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "serde")]
#[schemars(crate = "schemars")]
#[serde(untagged)]
#[allow(dead_code)]
enum Either {
    Number(u32),
    Text(String),
}

/// A rule that no schema knows.
#[derive(JsonSchema)]
#[schemars(crate = "schemars")]
struct Even(#[allow(dead_code)] u32);

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u32::deserialize(from)? {
            odd if odd % 2 == 1 => Err(serde::de::Error::custom(format!("{odd} is odd"))),
            even => Ok(Even(even)),
        }
    }
}

static FORM: Form = Form::of::<Everything>();

fn problems(mut value: Value, expected: Expect) {
    for (name, default) in [("key", json!("sk_1")), ("retries", json!(3))] {
        value.as_object_mut().unwrap().entry(name).or_insert(default);
    }
    let problems = FORM.check(&value).map_err(Problems::into_iter);
    let lines: Vec<_> = problems.err().into_iter().flatten().map(|p| p.to_string()).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn what_fits_has_no_problem() {
    for fits in [
        json!({}),
        json!({ "short": "abc", "mail": "a@b.example", "big": u64::MAX, "either": 1, "even": 2 }),
        json!({ "nested": { "url": "u", "key": null }, "accounts": [{ "url": "u", "key": "k" }] }),
        json!({ "labels": { "any": "name" }, "mode": "sandbox", "anything": { "at": ["all"] } }),
        json!({ "auth": "Anonymous" }),
        json!({ "auth": { "Basic": { "user": "u", "password": "p" } }, "either": "text" }),
        json!({ "tagged": { "kind": "locked", "at": "x", "code": "1" }, "nested": null }),
    ] {
        problems(fits, expect![""]);
    }
}

#[test]
fn every_problem_is_told_at_its_place() {
    let expected = expect![[r#"
        /accounts/0/url is 1, where text is wanted
        /accounts/1/key is empty, and there is none to keep: what was changed in a list needs its secrets again, and in a list of nothing but secrets all of them
        /accounts/1/url is missing
        /accounts/2 is not what it should be, where an object is wanted
        /big is -1, and must be at least 0
        /either is a list, where a whole number or text is wanted
        /key is not what it should be, where text is wanted
        /labels/a~1b is 1, where text is wanted
        /mail is "nobody", which is no valid `email`
        /mode is "dead", where "live" or "sandbox" is wanted
        /nested/ulr is unknown; did you mean `url`?
        /nested/url is missing
        /retires is unknown; did you mean `retries`?
        /retries is 300, and must be at most 9
        /short is too long: it has at most 4 characters"#]];
    problems(
        json!({
            "key": 5, "retries": 300, "big": -1, "short": "ABCDE", "mail": "nobody",
            "nested": { "ulr": "u" }, "accounts": [{ "url": 1 }, { "key": "" }, 7],
            "labels": { "a/b": 1 }, "mode": "dead", "either": [], "even": 3, "retires": 4
        }),
        expected,
    );
}

#[test]
fn of_several_forms_the_nearest_one_is_told_of() {
    problems(
        json!({ "auth": { "Basic": { "user": 1 } } }),
        expect![[r#"
            /auth/Basic/password is missing
            /auth/Basic/user is 1, where text is wanted"#]],
    );
    problems(
        json!({ "auth": { "Tokn": "x" } }),
        expect![[r#"
        /auth/Token is missing
        /auth/Tokn is unknown; did you mean `Token`?"#]],
    );
    problems(
        json!({ "auth": "Nobody" }),
        expect![[r#"/auth is not what it should be, where "Anonymous" or an object is wanted"#]],
    );
    problems(
        json!({ "auth": 7 }),
        expect![[
            r#"/auth is not what it should be, where text or "Anonymous" or an object is wanted"#
        ]],
    );
    problems(
        json!({ "tagged": { "kind": "locked", "at": "x" } }),
        expect!["/tagged/code is missing"],
    );
    problems(
        json!({ "tagged": { "kind": "looked", "at": "x" } }),
        expect![[r#"/tagged/kind is "looked", where "open" or "locked" is wanted"#]],
    );
    problems(json!({ "tagged": { "at": "x" } }), expect!["/tagged/kind is missing"]);
    problems(
        json!({ "nested": { "url": "x", "key": 1, "more": 1 } }),
        expect![[r#"
        /nested/key is not what it should be, where nothing (null) or text is wanted
        /nested/more is unknown; there is `key`, `url`"#]],
    );
}

#[test]
fn a_number_that_its_type_cannot_hold_is_refused() {
    problems(
        json!({ "ratio": 1e39, "exact": 1e39, "offset": 3_000_000_000_u32, "count": 5e9, "loose": 1e39 }),
        expect![[r#"
            /count is 5000000000.0, and must be from 0 to 4294967295
            /offset is 3000000000, and must be from -2147483648 to 2147483647
            /ratio is 1e+39, and must be from -3.4028234663852886e38 to 3.4028234663852886e38"#]],
    );
    problems(
        json!({ "ratio": -1e39 }),
        expect![
            "/ratio is -1e+39, and must be from -3.4028234663852886e38 to 3.4028234663852886e38"
        ],
    );
    let fits = json!({ "key": "k", "retries": 1, "ratio": 3.4e38, "exact": 1e300, "count": 7 });
    assert_eq!(FORM.check(&fits).map_err(|problems| problems.to_string()), Ok(()));
}

#[test]
fn what_only_the_type_knows_is_told_too() {
    problems(json!({ "even": 3 }), expect!["/even does not fit: 3 is odd"]);
}

#[test]
fn what_is_no_object_is_told_as_a_whole() {
    let problems = FORM.check(&json!("sk_live")).unwrap_err();
    expect!["the whole is not what it should be, where an object is wanted"]
        .assert_eq(&problems.to_string());
}

#[test]
fn x24_no_problem_shows_a_secret() {
    for value in [
        json!({ "key": ["hunter2"], "retries": 1 }),
        json!({ "key": { "hunter2": "hunter2" }, "retries": "hunter" }),
        json!({ "key": "k", "retries": 1, "accounts": [{ "url": 1, "key": ["hunter2"] }] }),
        json!({ "key": "k", "retries": 1, "auth": { "Token": ["hunter2"] } }),
        json!({ "key": "k", "retries": 1, "auth": { "Basic": { "password": ["hunter2"] } } }),
        json!({ "key": "k", "retries": 1, "tagged": { "kind": "locked", "code": ["hunter2"] } }),
    ] {
        let problems = FORM.check(&value).unwrap_err().to_string();
        assert!(!problems.contains("hunter2"), "{problems}");
        let problems = FORM.fits(&value).unwrap_err().to_string();
        assert!(!problems.contains("hunter2"), "{problems}");
    }
}

#[test]
fn a_schema_that_is_wrong_is_a_problem_and_no_panic() {
    let schema = json!({ "properties": { "a": { "$ref": "https://example.com/b" } } });
    let problems = check(&schema, &json!({ "a": 1 })).unwrap_err().to_string();
    assert!(problems.contains("the plugin's schema is wrong"), "{problems}");
}
