use plugo_settings::Form;
use serde_json::json;

use super::*;

fn ring(name: &str) -> KeyRing {
    KeyRing::parse(&KeyRing::generate(name).unwrap()).unwrap()
}

impl KeyRing {
    fn seals(
        &self,
        schema: &Value,
        posted: Value,
        stored: &Value,
        row: &str,
    ) -> Result<Value, NotStored> {
        self.store(None, schema, posted, stored, row)
    }
}

fn plain(value: Value) -> Settings {
    Settings { value, sealed: Vec::new() }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "user": { "type": "string" },
            "password": { "$ref": "#/$defs/Secret" },
            "backup": { "anyOf": [{ "$ref": "#/$defs/Secret" }, { "type": "null" }] },
            "accounts": { "type": "array", "items": { "$ref": "#/$defs/Account" } },
        },
        "$defs": {
            "Secret": { "type": "string", "format": "password", "writeOnly": true },
            "Account": { "properties": { "id": {}, "key": { "$ref": "#/$defs/Secret" } } },
        },
    })
}

#[test]
fn secrets_are_stored_encrypted_and_come_back() {
    let ring = ring("a");
    let plain = json!({ "user": "ann", "password": "s3cret-1", "accounts": [{ "id": 1, "key": "s3cret-2" }] });
    let stored = ring.seals(&schema(), plain.clone(), &json!({}), "row").unwrap();
    assert!(!stored.to_string().contains("s3cret"), "{stored}");
    assert_eq!(ring.reveal(stored.clone(), "row").unwrap().reveal(), &plain);
    let (shown, pointers) = shown(Some(&schema()), &stored);
    let empty = json!({ "user": "ann", "password": "", "accounts": [{ "id": 1, "key": "" }] });
    assert_eq!(shown, empty);
    assert_eq!(pointers, ["/accounts/0/key", "/password"]);
    // Not in another row, and not with another key.
    let damaged = RevealError::Damaged { key: "a".to_owned() };
    assert_eq!(ring.reveal(stored.clone(), "other").unwrap_err(), damaged);
    let other = self::ring("b").reveal(stored, "row").unwrap_err();
    assert_eq!(other, RevealError::UnknownKey { key: "a".to_owned() });
    assert!(other.to_string().contains("the key `a`"), "{other}");
}

#[test]
fn x24_secrets_are_encrypted_however_deep_and_of_whatever_kind_they_are() {
    let schema = json!({
        "properties": { "root": { "$ref": "#/$defs/Tree" } },
        "$defs": { "Tree": { "type": "object", "properties": {
            "key": { "type": "string", "format": "password" },
            "all": { "type": "object", "writeOnly": true },
            "next": { "anyOf": [{ "$ref": "#/$defs/Tree" }, { "type": "null" }] },
        } } },
    });
    let mut plain = json!({ "key": "s3cret-0", "all": { "s3cret": 1 } });
    for depth in 1..60 {
        plain = json!({ "key": format!("s3cret-{depth}"), "next": plain });
    }
    let (ring, plain) = (ring("a"), json!({ "root": plain }));
    let stored = ring.seals(&schema, plain.clone(), &json!({}), "row").unwrap();
    assert!(!stored.to_string().contains("s3cret"), "{stored}");
    assert_eq!(stored.to_string().matches(MARK).count(), 61);
    assert_eq!(ring.reveal(stored.clone(), "row").unwrap().reveal(), &plain);
    let (shown, pointers) = shown(Some(&schema), &stored);
    assert!(!shown.to_string().contains(MARK), "{shown}");
    assert_eq!(pointers.len(), 61);
    assert_eq!(ring.seals(&schema, shown, &stored, "row").unwrap(), stored);
}

#[test]
fn what_is_not_said_anew_is_kept_as_it_is_stored() {
    let ring = ring("a");
    let plain = json!({ "password": "p", "backup": "b", "accounts": [{ "id": 1, "key": "1" }, { "id": 2, "key": "2" }] });
    let stored = ring.seals(&schema(), plain, &json!({}), "row").unwrap();
    let edit = |new: Value| {
        let stored = ring.seals(&schema(), new, &stored, "row").unwrap();
        ring.reveal(stored, "row").unwrap().reveal().clone()
    };
    assert_eq!(
        edit(
            json!({ "user": "x", "backup": null, "accounts": [{ "id": 1, "key": "" }, { "id": 2 }] })
        ),
        json!({ "user": "x", "password": "p", "backup": null, "accounts": [{ "id": 1, "key": "1" }, { "id": 2, "key": "2" }] }),
    );
    // An element that is another one does not get its neighbour's secret.
    assert_eq!(
        edit(json!({ "password": "q", "accounts": [{ "id": 3 }] })),
        json!({ "password": "q", "backup": "b", "accounts": [{ "id": 3 }] }),
    );
    // What is said again is no change.
    let again = json!({ "password": "p", "backup": "", "accounts": stored["accounts"].clone() });
    let (accounts, _) = shown(Some(&schema()), &again["accounts"]);
    let again = json!({ "password": "p", "backup": "", "accounts": accounts });
    assert_eq!(ring.seals(&schema(), again, &stored, "row").unwrap(), stored);
    // What cannot be decrypted cannot be held against the schema, so it is typed again.
    let refused = self::ring("b").seals(&schema(), json!({}), &stored, "row").unwrap_err();
    let NotStored::Unfit(problems) = refused else { panic!("{refused:?}") };
    let said = problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(said.len(), 2);
    assert!(said[0].contains("the key `a`, which is not in the key ring"), "{said:?}");
    let anew = json!({ "password": "new", "backup": "new", "accounts": [] });
    self::ring("b").seals(&schema(), anew, &stored, "row").unwrap();
}

#[test]
fn a_key_ring_turns_over() {
    let (old, new) = (KeyRing::generate("old").unwrap(), KeyRing::generate("new").unwrap());
    let stored = KeyRing::parse(&old)
        .unwrap()
        .seals(&schema(), json!({ "password": "p" }), &json!({}), "row")
        .unwrap();
    let both = KeyRing::parse(&format!("{new},{old}")).unwrap();
    let plain = both.reveal(stored.clone(), "row").unwrap();
    let again = both.seals(&schema(), plain.reveal().clone(), &stored, "row").unwrap();
    assert_eq!(KeyRing::parse(&new).unwrap().reveal(again, "row").unwrap(), plain);
}

#[test]
fn nothing_secret_is_shown_or_stored_in_the_clear() {
    let ring = ring("a");
    assert!(
        KeyRing::none().seals(&schema(), json!({ "password": "p" }), &json!({}), "row").is_err()
    );
    let mut deep = json!("7357");
    (0..110).for_each(|_| deep = json!([deep]));
    for hostile in [
        json!({ "password": 7357 }),
        json!({ "user": { "$secret": "1.a.7357" } }),
        json!({ "user": deep }),
    ] {
        let error = ring.seals(&schema(), hostile, &json!({}), "row").unwrap_err();
        let NotStored::Unfit(problems) = error else { panic!("{error:?}") };
        assert!(!format!("{problems:?}").contains("7357"), "{problems:?}");
    }
    assert_eq!(format!("{:?}", plain(json!({ "password": "p" }))), "Settings(…)");
    let key = KeyRing::generate("a").unwrap();
    for wrong in [key[2..].to_owned(), format!("{key},{key}"), format!("{key}x"), "a:AAAA".into()] {
        let error = KeyRing::parse(&wrong).unwrap_err().to_string();
        assert!(!error.contains(&key[2..20]), "{error}");
    }
}

#[test]
fn x24_what_is_stored_encrypted_stays_a_secret_whatever_the_schema_says_now() {
    let ring = ring("a");
    let posted = json!({ "user": "ann", "password": "s3cret" });
    let stored = ring.seals(&schema(), posted, &json!({}), "row").unwrap();
    let unmarked = json!({ "properties": { "user": {}, "password": { "type": "string" } } });
    for schema in [unmarked.clone(), json!({ "properties": { "user": {} } })] {
        let revealed = ring.reveal(stored.clone(), "row").unwrap();
        let empty = json!({ "user": "ann", "password": "" });
        assert_eq!(revealed.shown(&schema), (empty, vec!["/password".to_owned()]));
        assert_eq!(revealed.hide(Some(&schema), "no s3cret"), "no (secret)");
    }
    // What is shown and comes back changes nothing, and what is typed is in the clear
    // only from then on.
    let (shown, _) = ring.reveal(stored.clone(), "row").unwrap().shown(&unmarked);
    assert_eq!(ring.seals(&unmarked, shown, &stored, "row").unwrap(), stored);
    let typed = json!({ "password": "new" });
    assert_eq!(ring.seals(&unmarked, typed.clone(), &stored, "row").unwrap(), typed);
}

#[test]
fn x24_what_is_secret_by_the_program_or_the_database_is_encrypted() {
    #[derive(plugo_settings::serde::Deserialize, plugo_settings::schemars::JsonSchema)]
    #[serde(crate = "plugo_settings::serde")]
    #[schemars(crate = "plugo_settings::schemars")]
    struct New {
        #[expect(dead_code, reason = "only its schema is looked at")]
        key: plugo_settings::Secret,
        #[expect(dead_code, reason = "only its schema is looked at")]
        user: String,
    }
    let (ring, form) = (ring("a"), Form::of::<New>());
    // The database is of a version in which `key` was a text and `user` a secret.
    let old = json!({ "type": "object", "additionalProperties": false,
        "properties": { "key": { "type": "string" } } });
    let posted = json!({ "key": "s3cret", "user": "ann" });
    let stored = ring.store(Some(&form), &old, posted.clone(), &json!({}), "row").unwrap();
    assert!(!stored.to_string().contains("s3cret"), "{stored}");
    let old = json!({ "properties": { "key": {}, "user": { "writeOnly": true } } });
    let stored = ring.store(Some(&form), &old, posted.clone(), &stored, "row").unwrap();
    assert_eq!(stored.to_string().matches(MARK).count(), 2, "{stored}");
    assert_eq!(ring.reveal(stored, "row").unwrap().reveal(), &posted);
}

/// Settings as somebody has written them who has no key.
fn laid(stored: &Value, from: &str, to: &str) -> Value {
    let mut stolen = stored.clone();
    let sealed = stored.pointer(from).unwrap().clone();
    *stolen.pointer_mut(to).unwrap() = sealed;
    stolen
}

#[test]
fn a_secret_cannot_be_laid_into_another_place() {
    let secret = json!({ "writeOnly": true });
    let schema = json!({ "properties": {
        "sender": { "type": "string" }, "token": secret,
        "pair": { "type": "array", "prefixItems": [{ "type": "string" }, secret] },
        "list": { "type": "array", "items": { "properties": { "url": {}, "key": secret } } }
    } });
    let posted = json!({ "sender": "ann", "token": "s3cret", "pair": ["ann", "s3cret"],
        "list": [{ "url": "a", "key": "s3cret-a" }, { "url": "b", "key": "s3cret-b" }] });
    let ring = ring("a");
    let stored = ring.seals(&schema, posted, &json!({}), "row").unwrap();
    for (from, to) in [
        ("/token", "/sender"),
        ("/pair/1", "/pair/0"),
        ("/list/0/key", "/list/1/key"),
        ("/list/0/key", "/list/0/url"),
    ] {
        let laid = laid(&stored, from, to);
        let damaged = RevealError::Damaged { key: "a".to_owned() };
        assert_eq!(ring.reveal(laid.clone(), "row").unwrap_err(), damaged, "{from} {to}");
        assert!(matches!(ring.seal_anew(&mut laid.clone(), "row"), Err(NotSealedAnew::Lost(_))));
        // Nor by saving what is shown then, nor by saving something else.
        let (shown, _) = shown(Some(&schema), &laid);
        for posted in [shown, json!({ "sender": "", "pair": ["", ""] })] {
            if let Ok(saved) = ring.seals(&schema, posted, &laid, "row") {
                let saved = ring.reveal(saved, "row").unwrap();
                assert_ne!(
                    saved.reveal().pointer(to),
                    ring.reveal(stored.clone(), "row").unwrap().reveal().pointer(from)
                );
            }
        }
    }
}

#[test]
fn what_moves_within_a_list_is_encrypted_for_its_new_place() {
    let ring = ring("a");
    let posted = json!({ "accounts": [{ "id": 1, "key": "1" }, { "id": 2, "key": "2" }] });
    let stored = ring.seals(&schema(), posted, &json!({}), "row").unwrap();
    let moved = json!({ "accounts": [{ "id": 2, "key": "" }, { "id": 1, "key": "" }] });
    let moved = ring.seals(&schema(), moved, &stored, "row").unwrap();
    let plain = ring.reveal(moved.clone(), "row").unwrap();
    let wanted = json!({ "accounts": [{ "id": 2, "key": "2" }, { "id": 1, "key": "1" }] });
    assert_eq!(plain.reveal(), &wanted);
    let mut anew = moved.clone();
    assert_eq!(ring.seal_anew(&mut anew, "row").unwrap().secrets, 2);
    assert_ne!(anew, moved);
    assert_eq!(ring.reveal(anew, "row").unwrap(), plain);
}

#[test]
fn what_is_stored_encrypted_is_in_no_problem_whatever_the_schema_says_now() {
    let ring = ring("a");
    let secret = json!({ "writeOnly": true });
    let old = json!({ "properties": { "pin": secret, "mode": secret,
        "list": { "items": { "properties": { "url": {}, "key": secret } } } } });
    let posted =
        json!({ "pin": "HUNTER2", "mode": "HUNTER2", "list": [{ "url": "u", "key": "HUNTER2" }] });
    let stored = ring.seals(&old, posted, &json!({}), "row").unwrap();
    let number = json!({ "type": "integer" });
    let new = json!({ "properties": { "pin": number, "mode": { "enum": ["a", "b"] },
        "list": { "items": { "properties": { "url": {}, "key": number } } } } });
    let (as_shown, _) = shown(Some(&new), &stored);
    let typed = json!({ "pin": "HUNTER2", "mode": "", "list": [{ "url": "u", "key": "" }] });
    for posted in [as_shown, typed] {
        let refused = ring.seals(&new, posted, &stored, "row").unwrap_err();
        let NotStored::Unfit(problems) = refused else { panic!("{refused:?}") };
        let places: Vec<_> = problems.iter().map(|problem| problem.pointer()).collect();
        assert_eq!(places, ["/list/0/key", "/mode", "/pin"]);
        assert!(!format!("{problems:?}").contains("HUNTER2"), "{problems:?}");
    }
    // A list comes back as it was shown, and keeps what it holds.
    let open = json!({ "properties": { "pin": {}, "mode": {}, "list": { "items": {} } } });
    let (as_shown, _) = shown(Some(&open), &stored);
    assert_eq!(ring.seals(&open, as_shown, &stored, "row").unwrap(), stored);
}
