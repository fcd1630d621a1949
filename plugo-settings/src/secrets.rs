use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::shape::{Shape, join};

/// Calls a function for each secret that is in a value, with its JSON pointer:
/// for whoever encrypts or decrypts. A `null` is no secret.
///
/// A place is a secret where the schema says `writeOnly` or `format: password`,
/// however deep it is: in objects, arrays, options, branches and behind
/// references.
///
/// ```
/// # use plugo_settings as settings;
/// use settings::serde_json::json;
/// let schema = json!({ "properties": { "key": { "writeOnly": true } } });
/// let mut value = json!({ "key": "hunter2", "name": "ours" });
/// settings::each_secret(&schema, &mut value, &mut |pointer, secret| {
///     assert_eq!(pointer, "/key");
///     *secret = json!("(encrypted)");
///     Ok::<(), String>(())
/// })?;
/// assert_eq!(value, json!({ "key": "(encrypted)", "name": "ours" }));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
///
/// The first error of the function; what it changed before stays changed.
pub fn each_secret<E>(
    schema: &Value,
    value: &mut Value,
    visit: &mut impl FnMut(&str, &mut Value) -> Result<(), E>,
) -> Result<(), E> {
    each(&Shape::of(schema), "", value, visit)
}

fn each<E>(
    shape: &Shape<'_>,
    pointer: &str,
    value: &mut Value,
    visit: &mut impl FnMut(&str, &mut Value) -> Result<(), E>,
) -> Result<(), E> {
    if shape.is_secret() {
        return if value.is_null() { Ok(()) } else { visit(pointer, value) };
    }
    match value {
        Value::Object(members) => members.iter_mut().try_for_each(|(name, member)| {
            each(&shape.property(name), &join(pointer, name), member, visit)
        }),
        Value::Array(elements) => elements.iter_mut().enumerate().try_for_each(|(i, element)| {
            each(&shape.element(i), &join(pointer, &i.to_string()), element, visit)
        }),
        _ => Ok(()),
    }
}

/// Where a value has secrets that are set, as JSON pointers: a page says so
/// without showing them.
pub fn secrets(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    visit_all(schema, &mut value.clone(), |pointer, secret| {
        if !is_empty(secret) {
            found.push(pointer.to_owned());
        }
    });
    found
}

/// The value without its secrets: for pages, answers, logs and audits. An empty
/// text stands in the place of each, which [`merge`] takes for "as it was".
///
/// ```
/// # use plugo_settings as settings;
/// use settings::serde_json::json;
/// let schema = json!({ "properties": { "key": { "writeOnly": true } } });
/// let shown = settings::redact(&schema, &json!({ "key": "hunter2", "name": "ours" }));
/// assert_eq!(shown, json!({ "key": "", "name": "ours" }));
/// ```
#[must_use]
pub fn redact(schema: &Value, value: &Value) -> Value {
    let mut shown = value.clone();
    visit_all(schema, &mut shown, |_, secret| *secret = Value::String(String::new()));
    shown
}

fn visit_all(schema: &Value, value: &mut Value, mut visit: impl FnMut(&str, &mut Value)) {
    let visited: Result<(), std::convert::Infallible> =
        each_secret(schema, value, &mut |pointer, secret| {
            visit(pointer, secret);
            Ok(())
        });
    match visited {
        Ok(()) => {}
    }
}

/// What was posted, with the secrets of before where it says nothing about them.
///
/// - An empty text keeps the secret, and so does leaving out a field that is one.
/// - `null` takes it away, where there may be none.
/// - Any other text replaces it.
///
/// Elements of a list are told apart by what they show: one that shows what it
/// showed before keeps its secrets, wherever it stands now, and one that was changed
/// or is new has none to keep. Those that show alike, as bare secrets do, keep theirs
/// while there are as many of them as before and nothing is said of any; or else each
/// of them has to be said again, since nobody knows which is which. A form of an `enum`
/// that is exchanged for another keeps nothing. Where there is no secret to keep, an
/// empty one stays empty, which `check` refuses.
///
/// ```
/// # use plugo_settings as settings;
/// use settings::serde_json::json;
/// let schema = json!({ "properties": { "key": { "writeOnly": true } } });
/// let before = json!({ "key": "hunter2", "name": "ours" });
/// let merged = settings::merge(&schema, json!({ "key": "", "name": "theirs" }), &before);
/// assert_eq!(merged, json!({ "key": "hunter2", "name": "theirs" }));
/// ```
#[must_use]
pub fn merge(schema: &Value, mut posted: Value, before: &Value) -> Value {
    keep(&Shape::of(schema), &mut posted, before);
    posted
}

fn is_empty(secret: &Value) -> bool {
    secret.as_str().is_some_and(str::is_empty)
}

fn keep(shape: &Shape<'_>, posted: &mut Value, before: &Value) {
    if shape.is_secret() {
        if is_empty(posted) {
            *posted = before.clone();
        }
        return;
    }
    match (posted, before) {
        (Value::Object(posted), Value::Object(before)) => keep_members(shape, posted, before),
        (Value::Array(posted), Value::Array(before)) => keep_elements(shape, posted, before),
        _ => {}
    }
}

fn keep_members(shape: &Shape<'_>, posted: &mut Map<String, Value>, before: &Map<String, Value>) {
    if shape.tags().any(|tag| posted.get(tag) != before.get(tag)) {
        return;
    }
    for (name, before) in before {
        let member = shape.property(name);
        if let Some(posted) = posted.get_mut(name) {
            keep(&member, posted, before);
        } else if member.is_secret() && shape.has_field(name, posted) {
            // A field; a member of a map that is left out was taken away.
            posted.insert(name.clone(), before.clone());
        }
    }
}

/// A secret that stands in the wrong place is worse than one that has to be typed
/// again. So elements are known by what they show, and of those that show alike
/// none is known where anything is said of one.
fn keep_elements(shape: &Shape<'_>, posted: &mut [Value], before: &[Value]) {
    // Those of a tuple have their places.
    let fixed = shape.fixed().min(posted.len()).min(before.len());
    for (i, (posted, before)) in posted.iter_mut().zip(before).take(fixed).enumerate() {
        keep(&shape.element(i), posted, before);
    }
    let mut alike: BTreeMap<String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    let shown = |i: usize, value: &Value| shown_of(&shape.element(i), value).to_string();
    for (i, posted) in posted.iter().enumerate().skip(fixed) {
        alike.entry(shown(i, posted)).or_default().0.push(i);
    }
    for (i, before) in before.iter().enumerate().skip(fixed) {
        if let Some((_, then)) = alike.get_mut(&shown(i, before)) {
            then.push(i);
        }
    }
    for (now, then) in alike.into_values() {
        let is_said = |i: &usize| says(&shape.element(*i), &posted[*i]);
        if now.len() != then.len() || (now.len() > 1 && now.iter().any(is_said)) {
            continue;
        }
        for (now, then) in now.into_iter().zip(then) {
            keep(&shape.element(now), &mut posted[now], &before[then]);
        }
    }
}

/// Whether something is said of a secret within a value.
fn says(shape: &Shape<'_>, value: &Value) -> bool {
    if shape.is_secret() {
        return !is_empty(value);
    }
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, member)| says(&shape.property(name), member))
        }
        Value::Array(elements) => {
            elements.iter().enumerate().any(|(i, element)| says(&shape.element(i), element))
        }
        _ => false,
    }
}

/// What a value shows: a secret that is empty and one that is left out are alike.
fn shown_of(shape: &Shape<'_>, value: &Value) -> Value {
    if shape.is_secret() {
        return Value::Null;
    }
    match value {
        Value::Object(members) => {
            let shown =
                members.iter().map(|(name, of)| (name, shown_of(&shape.property(name), of)));
            let shown = shown.filter(|(_, shown)| !shown.is_null());
            Value::Object(shown.map(|(name, shown)| (name.clone(), shown)).collect())
        }
        Value::Array(elements) => {
            let shown = elements.iter().enumerate();
            shown.map(|(i, element)| shown_of(&shape.element(i), element)).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use schemars::{JsonSchema, schema_for};
    use serde_json::json;

    use super::*;
    use crate::secret::Secret;

    /// Secrets wherever there can be one.
    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "its schema is what is looked at")]
    struct Everything {
        plain: String,
        /// What it is for.
        described: Secret,
        maybe: Option<Secret>,
        nested: Inner,
        perhaps: Option<Inner>,
        list: Vec<Secret>,
        accounts: Vec<Inner>,
        by_name: BTreeMap<String, Secret>,
        pair: (String, Secret),
        auth: Auth,
        tagged: Tagged,
        tree: Option<Box<Tree>>,
        #[serde(flatten)]
        more: More,
        #[schemars(extend("writeOnly" = true))]
        marked: BTreeMap<String, u8>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Inner {
        url: String,
        key: Secret,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    enum Auth {
        None,
        Token(Secret),
        Basic { user: String, password: Secret },
    }

    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[allow(dead_code)]
    enum Tagged {
        Open { at: String },
        Locked { at: String, code: Secret },
        Bolted { code: Secret },
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Tree {
        key: Secret,
        children: Vec<Tree>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct More {
        flat: Secret,
    }

    fn schema() -> Value {
        schema_for!(Everything).to_value()
    }

    fn everything() -> Value {
        json!({
            "plain": "seen", "described": "s01", "maybe": "s02",
            "nested": { "url": "seen", "key": "s03" },
            "perhaps": { "url": "seen", "key": "s04" },
            "list": ["s05", "s06"],
            "accounts": [{ "url": "seen", "key": "s07" }, { "url": "seen/2", "key": "s08" }],
            "by_name": { "a/b": "s09" },
            "pair": ["seen", "s10"],
            "auth": { "Basic": { "user": "seen", "password": "s11" } },
            "tagged": { "kind": "Locked", "at": "seen", "code": "s12" },
            "tree": { "key": "s13", "children": [{ "key": "s14", "children": [] }] },
            "flat": "s15",
            "marked": { "s16": 1 }
        })
    }

    #[test]
    fn x24_secrets_are_found_wherever_a_type_has_them() {
        let (schema, value) = (schema(), everything());
        let shown = redact(&schema, &value).to_string();
        for i in 1..=16 {
            assert!(!shown.contains(&format!("s{i:02}")), "s{i:02} is shown: {shown}");
        }
        assert_eq!(shown.matches("seen").count(), value.to_string().matches("seen").count());
        expect![[r#"
            /accounts/0/key /accounts/1/key /auth/Basic/password /by_name/a~1b /described /flat /list/0
            /list/1 /marked /maybe /nested/key /pair/1 /perhaps/key /tagged/code /tree/children/0/key
            /tree/key"#]]
        .assert_eq(&textwrapped(&secrets(&schema, &value)));
        let other =
            json!({ "auth": { "Token": "s01" }, "maybe": null, "perhaps": null, "flat": "" });
        assert_eq!(secrets(&schema, &other), ["/auth/Token"]);
    }

    /// The pointers in lines of some length.
    fn textwrapped(pointers: &[String]) -> String {
        let mut lines = vec![String::new()];
        for pointer in pointers {
            let last = lines.last_mut().unwrap();
            if last.len() + pointer.len() > 96 {
                lines.push(pointer.clone());
            } else {
                last.push_str(if last.is_empty() { "" } else { " " });
                last.push_str(pointer);
            }
        }
        lines.join("\n")
    }

    #[test]
    fn what_was_shown_and_is_posted_again_changes_nothing() {
        let (schema, before) = (schema(), everything());
        assert_eq!(merge(&schema, redact(&schema, &before), &before), before);
        // And neither does a form that leaves its secrets out.
        let mut posted = redact(&schema, &before);
        let members = posted.as_object_mut().unwrap();
        members
            .retain(|name, _| !["described", "maybe", "flat", "marked"].contains(&name.as_str()));
        posted["nested"].as_object_mut().unwrap().remove("key");
        posted["accounts"][1].as_object_mut().unwrap().remove("key");
        assert_eq!(merge(&schema, posted, &before), before);
    }

    #[test]
    fn a_secret_is_replaced_and_taken_away() {
        let (schema, before) = (schema(), everything());
        let posted = json!({ "described": "new", "maybe": null, "by_name": {} });
        let merged = merge(&schema, posted, &before);
        let expected = json!({ "described": "new", "maybe": null, "by_name": {}, "flat": "s15", "marked": { "s16": 1 } });
        assert_eq!(merged, expected);
    }

    #[test]
    fn elements_of_an_array_keep_their_own_secrets_or_none() {
        let schema = schema();
        let before = json!({ "accounts": [
            { "url": "a", "key": "of a" }, { "url": "b", "key": "of b" }, { "url": "c", "key": "of c" }
        ]});
        let keys = |posted: Value| {
            let merged = merge(&schema, json!({ "accounts": posted }), &before);
            let keys = merged["accounts"].as_array().unwrap().iter();
            keys.map(|account| account["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let of = |url: &str| json!({ "url": url, "key": "" });
        assert_eq!(keys(json!([of("c"), of("a"), of("b")])), ["of c", "of a", "of b"], "moved");
        assert_eq!(keys(json!([of("b"), of("c")])), ["of b", "of c"], "one taken away");
        assert_eq!(
            keys(json!([of("new"), of("a"), of("b"), of("c")])),
            ["", "of a", "of b", "of c"]
        );
        // It may be that one was changed, or that it was taken away and another added.
        assert_eq!(keys(json!([of("a"), of("changed"), of("c")])), ["of a", "", "of c"]);
        assert_eq!(keys(json!([of("changed"), of("c")])), ["", "of c"], "nobody's secret");
        assert_eq!(keys(json!([of("a"), of("a")])), ["", ""], "whose would it be?");
        let typed = json!({ "url": "b", "key": "new" });
        assert_eq!(keys(json!([of("a"), typed, of("c")])), ["of a", "new", "of c"]);
    }

    #[test]
    fn elements_that_show_alike_keep_their_secrets_only_where_none_of_them_changed() {
        let schema = schema();
        let list = |before: Value, posted: Value| {
            let merged = merge(&schema, json!({ "list": posted }), &json!({ "list": before }));
            merged["list"].clone()
        };
        let two = || json!(["x", "y"]);
        assert_eq!(list(two(), json!(["", ""])), two());
        // `x` was taken away and a new one added, or `y` was replaced: nobody knows.
        assert_eq!(list(two(), json!(["", "new"])), json!(["", "new"]));
        assert_eq!(list(two(), json!(["new", ""])), json!(["new", ""]));
        assert_eq!(list(two(), json!([""])), json!([""]));
        assert_eq!(list(two(), json!(["", "", ""])), json!(["", "", ""]));
        assert_eq!(list(two(), json!(["", null])), json!(["", null]));
        assert_eq!(list(two(), json!(["new", "newer"])), json!(["new", "newer"]));
        assert_eq!(list(json!(["x"]), json!([""])), json!(["x"]));
        // Elements that show alike are alike, whatever else is in the list.
        let account = |url: &str, key: &str| json!({ "url": url, "key": key });
        let before = json!([account("a", "1"), account("b", "2"), account("a", "3")]);
        let accounts = |posted: Value| {
            let before = json!({ "accounts": before });
            merge(&schema, json!({ "accounts": posted }), &before)["accounts"].clone()
        };
        let same = json!([account("a", ""), account("b", ""), account("a", "")]);
        assert_eq!(accounts(same), before);
        let posted = json!([account("a", ""), account("b", ""), account("a", "new")]);
        let expected = json!([account("a", ""), account("b", "2"), account("a", "new")]);
        assert_eq!(accounts(posted), expected);
    }

    #[test]
    fn members_of_a_tuple_have_their_places() {
        #[derive(JsonSchema)]
        #[allow(dead_code)]
        struct Pairs {
            pair: (Secret, Secret),
        }
        let schema = schema_for!(Pairs).to_value();
        let merged = merge(&schema, json!({ "pair": ["", "new"] }), &json!({ "pair": ["x", "y"] }));
        assert_eq!(merged, json!({ "pair": ["x", "new"] }));
    }

    #[test]
    fn another_form_of_an_enum_keeps_nothing() {
        let schema = schema();
        let before = json!({ "tagged": { "kind": "Locked", "at": "x", "code": "1234" } });
        let posted = json!({ "tagged": { "kind": "Bolted", "code": "" } });
        assert_eq!(merge(&schema, posted.clone(), &before), posted);
        let before = json!({ "auth": { "Token": "1234" } });
        let posted = json!({ "auth": { "Basic": { "user": "u", "password": "" } } });
        assert_eq!(merge(&schema, posted.clone(), &before), posted);
    }

    #[test]
    fn what_a_schema_does_not_tell_is_hidden() {
        let schema = json!({ "properties": { "far": { "$ref": "https://example.com/x" } } });
        assert_eq!(redact(&schema, &json!({ "far": "away" })), json!({ "far": "" }));
        // A circle of references ends, and a name is found in its encoded form.
        let schema = json!({
            "$defs": { "a b": { "$ref": "#/$defs/a b" , "writeOnly": true } },
            "properties": { "x": { "$ref": "#/$defs/a%20b" } }
        });
        assert_eq!(redact(&schema, &json!({ "x": "y" })), json!({ "x": "" }));
    }

    #[test]
    fn the_first_error_ends_the_visit() {
        let (schema, mut value) = (schema(), everything());
        let mut seen = 0;
        let ended = each_secret(&schema, &mut value, &mut |pointer, _| {
            seen += 1;
            if seen == 2 { Err(pointer.to_owned()) } else { Ok(()) }
        });
        assert_eq!((ended.unwrap_err().as_str(), seen), ("/accounts/1/key", 2));
    }
}
