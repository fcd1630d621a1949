use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use plugo_build::Project;
use serde_json::{Map, Value, json};

use crate::args::AppArgs;
use crate::context::Context;
use crate::edits::Edits;
use crate::error::Error;
use crate::selections::named;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The client that the editor shows
    #[arg(value_name = "CLIENT", required_unless_present = "none", conflicts_with = "none")]
    client: Option<String>,
    /// Take the settings back
    #[arg(long)]
    none: bool,
    /// Print what the file would be, and write nothing
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    app: AppArgs,
}

const FEATURES: &str = "rust-analyzer.cargo.features";
const NO_DEFAULT: &str = "rust-analyzer.cargo.noDefaultFeatures";
/// Else the editor and the command line, which have other features, would
/// compile the same crates over and over.
const TARGET_DIR: &str = "rust-analyzer.cargo.targetDir";
/// Where that stands aside which was set before plugo set it.
const ASIDE: &str = "plugo.replaced";

pub(super) fn run(context: &Context, args: &Args) -> Result<(), Error> {
    let app = context.app(&args.app)?;
    let feature = match &args.client {
        Some(client) => {
            let project = Project::read(context.environment(&app, None)?)?;
            let found = named(&project, std::slice::from_ref(client))?;
            let feature = found.into_iter().next().filter(|client| client.declared.is_some());
            let feature = feature.map(|client| client.feature).ok_or_else(|| {
                Error::no(format!(
                    "the client `{client}` has no cargo feature `client-{client}`; \
                     `plugo check --fix` writes it"
                ))
            })?;
            // In a workspace the name of a feature is not enough.
            let is_alone = app.dir == app.workspace;
            Some(if is_alone { feature } else { format!("{}/{feature}", app.name) })
        }
        None => None,
    };
    let path = app.workspace.join(".vscode/settings.json");
    let mut edits = Edits::new(&app.workspace);
    let old = edits.read(&path)?.unwrap_or_default();
    let new = settings(&old, feature.as_deref())
        .map_err(|why| Error::no(format!("`{}` is left as it is: {why}", path.display())))?;
    if args.print {
        return context.answer(new);
    }
    // Without a file there is nothing to take back.
    if !(old.is_empty() && feature.is_none()) {
        edits.write(&path, new)?;
    }
    let verb = if edits.is_empty() { "Unchanged" } else { "Wrote" };
    edits.apply()?.keep()?;
    context.shell.status(verb, context.show(&path));
    Ok(())
}

/// The settings with a feature, or with what plugo writes taken out; the rest
/// stays as it is, comments too. What the user had set under the same names is
/// put aside, and put back.
fn settings(text: &str, feature: Option<&str>) -> Result<String, String> {
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    let root = CstRootNode::parse(text, &ParseOptions::default())
        .map_err(|error| format!("it is no JSON with comments: {error}"))?;
    let object = root.object_value().ok_or("it is no object")?;
    let is_ours = is_ours(&object);
    let aside = match value(&object, ASIDE) {
        Some(Value::Object(aside)) => aside,
        Some(_) => return Err(format!("`{ASIDE}` in it is no object")),
        None => Map::new(),
    };
    let Some(feature) = feature else {
        if is_ours {
            for key in KEYS {
                set(&object, key, aside.get(key));
            }
            set(&object, ASIDE, None);
        } else if !aside.is_empty() {
            return Err(format!(
                "`rust-analyzer.cargo` was set by hand since; what was there before stands under \
                 `{ASIDE}`"
            ));
        }
        return Ok(root.to_string());
    };
    if !is_ours {
        let found = KEYS.into_iter().filter_map(|key| Some((key.to_owned(), value(&object, key)?)));
        let found: Map<String, Value> = found.collect();
        let found = (!found.is_empty()).then_some(Value::Object(found));
        set(&object, ASIDE, found.as_ref());
    }
    let values = [json!([feature]), json!(true), json!(true)];
    for (key, value) in KEYS.into_iter().zip(&values) {
        set(&object, key, Some(value));
    }
    Ok(root.to_string())
}

const KEYS: [&str; 3] = [FEATURES, NO_DEFAULT, TARGET_DIR];

/// Whether the settings are those that plugo writes: the feature of a client,
/// alone, with the other two.
fn is_ours(object: &CstObject) -> bool {
    let is_on = |key: &str| value(object, key) == Some(Value::Bool(true));
    let features = value(object, FEATURES).unwrap_or_default();
    let [Value::String(feature)] = features.as_array().map(Vec::as_slice).unwrap_or_default()
    else {
        return false;
    };
    let name = feature.rsplit('/').next().unwrap_or_default();
    name.starts_with("client-") && is_on(NO_DEFAULT) && is_on(TARGET_DIR)
}

fn value(object: &CstObject, key: &str) -> Option<Value> {
    object.get(key)?.value()?.to_serde_value()
}

/// Sets a value, or takes the key out.
fn set(object: &CstObject, key: &str, value: Option<&Value>) {
    match (object.get(key), value) {
        (Some(property), Some(value)) => property.set_value(input(value)),
        (None, Some(value)) => drop(object.append(key, input(value))),
        (Some(property), None) => property.remove(),
        (None, None) => {}
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(value) => CstInputValue::Number(value.to_string()),
        Value::String(value) => CstInputValue::String(value.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| (key.clone(), input(value)));
            CstInputValue::Object(entries.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_other_settings_stay() {
        let text = "{\n    // What we agreed on.\n    \"editor.tabSize\": 4, // four\n}\n";
        let with = settings(text, Some("client-acme")).unwrap();
        for part in ["// What we agreed on.\n", "\"editor.tabSize\": 4, // four", "client-acme"] {
            assert!(with.contains(part), "{with}");
        }
        assert_eq!(settings(&with, Some("client-acme")).unwrap(), with);
        let other = settings(&with, Some("client-zeta")).unwrap();
        assert_eq!(other, with.replace("acme", "zeta"));
        let without = settings(&with, None).unwrap();
        assert!(without.contains("// four") && !without.contains("rust-analyzer"), "{without}");
    }

    #[test]
    fn what_the_user_had_set_is_put_aside_and_comes_back() {
        let value = |text: &str| {
            let root = CstRootNode::parse(text, &ParseOptions::default()).unwrap();
            root.to_serde_value().unwrap()
        };
        for before in [
            json!({ FEATURES: ["debug", "trace"], "editor.tabSize": 4 }),
            json!({ FEATURES: "all" }),
            json!({ TARGET_DIR: "target/editor", NO_DEFAULT: false }),
            json!({ TARGET_DIR: true }),
            json!({ FEATURES: ["client-acme"] }),
        ] {
            let text = format!("{before:#}\n");
            let with = settings(&text, Some("client-acme")).unwrap();
            assert_eq!(value(&with)[FEATURES], json!(["client-acme"]), "{with}");
            let other = settings(&with, Some("client-zeta")).unwrap();
            assert_eq!(value(&settings(&other, None).unwrap()), before, "{other}");
            // Without `use` there is nothing to take back.
            assert_eq!(settings(&text, None).unwrap(), text);
        }
        let with = settings(r#"{ "rust-analyzer.cargo.features": "all" }"#, Some("client-acme"));
        let changed = with.unwrap().replace("\"client-acme\"", "\"client-acme\", \"debug\"");
        assert!(settings(&changed, None).unwrap_err().contains(ASIDE));
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        for text in ["{", "[]", "{ \"a\": }", "4"] {
            assert!(settings(text, Some("client-acme")).is_err(), "{text}");
        }
        let fresh = settings("", Some("client-acme")).unwrap();
        assert!(serde_json::from_str::<Value>(&fresh).is_ok(), "{fresh}");
    }
}
