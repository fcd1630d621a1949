use std::collections::BTreeSet;

use crate::name::{FullName, nearest_full};

/// The variable by which an operator takes plugins away at start: a list with
/// commas of `name` or, in another namespace than the default one,
/// `namespace/name`.
const DISABLED_PLUGINS: &str = "DISABLED_PLUGINS";

/// What the variable lists.
pub(crate) fn listed() -> Vec<String> {
    let Some(variable) = std::env::var_os(DISABLED_PLUGINS) else { return Vec::new() };
    let variable = variable.to_string_lossy();
    let names = variable.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// The names that the variable takes away from a namespace.
pub(crate) fn disabled_in(listed: &[String], namespace: &str) -> Vec<String> {
    let names = listed.iter().map(|written| FullName::parse(written));
    names.filter(|name| name.namespace == namespace).map(|name| name.name.to_owned()).collect()
}

/// What the variable names and no plugin is called, with the nearest name: of
/// this namespace, and of namespaces that are none.
pub(crate) fn unknown_disabled(
    listed: &[String],
    namespace: &str,
    known: &BTreeSet<FullName<'static>>,
) -> Vec<(String, Option<String>)> {
    let is_unknown = |written: &&String| {
        let name = FullName::parse(written);
        // Another namespace's mistakes are told of with that one's plugins.
        let here = name.namespace == namespace;
        let nowhere = !known.iter().any(|known| known.namespace == name.namespace);
        (here || nowhere) && !known.contains(&name)
    };
    let unknown = listed.iter().filter(is_unknown);
    unknown.map(|written| (written.clone(), nearest_full(written, known.iter().copied()))).collect()
}
