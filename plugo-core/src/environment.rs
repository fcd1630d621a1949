use crate::table::DEFAULT_NAMESPACE;

/// The variable by which an operator takes plugins away at start: a list with
/// commas of `name` or, in another namespace than the default one,
/// `namespace/name`.
const DISABLED_PLUGINS: &str = "DISABLED_PLUGINS";

/// The names that the variable takes away from a namespace.
pub(crate) fn disabled_in(namespace: &str) -> Vec<String> {
    let variable = std::env::var_os(DISABLED_PLUGINS).unwrap_or_default();
    let variable = variable.to_string_lossy();
    let names = variable.split(',').map(str::trim).filter(|name| !name.is_empty());
    let here = |name: &str| match name.split_once('/') {
        Some((of, name)) => (of == namespace).then(|| name.to_owned()),
        None => (namespace == DEFAULT_NAMESPACE).then(|| name.to_owned()),
    };
    names.filter_map(here).collect()
}
