use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstRootNode};
use plugo_build::Project;

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
/// stays as it is, comments too.
fn settings(text: &str, feature: Option<&str>) -> Result<String, String> {
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    let root = CstRootNode::parse(text, &ParseOptions::default())
        .map_err(|error| format!("it is no JSON with comments: {error}"))?;
    let object = root.object_value().ok_or("it is no object")?;
    let values = feature.map(|feature| {
        [
            CstInputValue::Array(vec![CstInputValue::String(feature.to_owned())]),
            CstInputValue::Bool(true),
            CstInputValue::Bool(true),
        ]
    });
    for (i, key) in [FEATURES, NO_DEFAULT, TARGET_DIR].into_iter().enumerate() {
        match (object.get(key), &values) {
            (Some(property), Some(values)) => property.set_value(values[i].clone()),
            (None, Some(values)) => drop(object.append(key, values[i].clone())),
            (Some(property), None) => property.remove(),
            (None, None) => {}
        }
    }
    Ok(root.to_string())
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
    fn what_is_not_understood_is_left_alone() {
        for text in ["{", "[]", "{ \"a\": }", "4"] {
            assert!(settings(text, Some("client-acme")).is_err(), "{text}");
        }
        let fresh = settings("", Some("client-acme")).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&fresh).is_ok(), "{fresh}");
    }
}
