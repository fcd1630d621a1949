use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstObject, CstRootNode};
use jsonc_parser::json;

use super::Edits;
use crate::error::Error;

/// `plugins_config.json` or a client's file that is being edited. Its layout
/// stays.
#[derive(Debug)]
pub(crate) struct SelectionFile {
    path: PathBuf,
    root: CstRootNode,
    plugins: CstArray,
}

impl SelectionFile {
    /// Reads it as the edits so far leave it; nothing where there is none.
    pub(crate) fn read(edits: &Edits, path: &Path) -> Result<Option<Self>, Error> {
        let Some(text) = edits.read(path)? else { return Ok(None) };
        let shown = edits.show(path);
        let root = CstRootNode::parse(&text, &ParseOptions::default())
            .map_err(|error| Error::no(format!("`{shown}` is not valid JSON: {error}")))?;
        let plugins = root.object_value().and_then(|object| object.array_value("plugins"));
        let plugins = plugins.ok_or_else(|| {
            Error::no(format!("`{shown}` has no list `plugins`; `plugo check` says more"))
        })?;
        Ok(Some(SelectionFile { path: path.to_owned(), root, plugins }))
    }

    /// Enables a plugin: at the end of the list, or where it is disabled.
    pub(crate) fn enable(&self, plugin: &str) {
        match self.entry(plugin) {
            Some(entry) => {
                if let Some(enabled) = entry.get("enabled") {
                    enabled.set_value(CstInputValue::Bool(true));
                }
            }
            None => {
                self.plugins.append(json!({ "name": plugin, "enabled": true }));
            }
        }
    }

    /// Takes a plugin out of the list. Says whether it was there, and enabled.
    pub(crate) fn remove(&self, plugin: &str) -> Option<bool> {
        let entry = self.entry(plugin)?;
        let enabled = entry.get("enabled").and_then(|property| property.value());
        let enabled = enabled.and_then(|value| value.as_boolean_lit()).is_some_and(|on| on.value());
        entry.remove();
        Some(enabled)
    }

    /// Makes it an edit.
    pub(crate) fn save(self, edits: &mut Edits) -> Result<(), Error> {
        edits.write(&self.path, self.root.to_string())
    }

    fn entry(&self, plugin: &str) -> Option<CstObject> {
        self.plugins.elements().into_iter().filter_map(|element| element.as_object()).find(
            |entry| {
                let name = entry.get("name").and_then(|property| property.value());
                let name = name.and_then(|value| value.as_string_lit()?.decoded_value().ok());
                name.as_deref() == Some(plugin)
            },
        )
    }
}
