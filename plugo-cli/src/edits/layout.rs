use toml_edit::{Array, Item, Value};

/// Puts a key into a table, in order where the others are; `default`, of
/// features, stands first.
pub(super) fn insert(table: &mut Item, key: &str, value: Value) {
    let order = |key: &str| (key != "default", key.to_owned());
    let keys = table.as_table_like().into_iter().flat_map(|table| table.iter());
    let is_sorted = keys.map(|(key, _)| order(key)).is_sorted();
    if let Some(table) = table.as_table_like_mut() {
        table.insert(key, Item::Value(value));
    }
    if is_sorted && let Some(table) = table.as_table_mut() {
        table.sort_values_by(|a, _, b, _| order(a.get()).cmp(&order(b.get())));
    }
}

/// Adds a text to an array, laid out as the one before it.
pub(super) fn push(array: &mut Array, text: &str) {
    if array.iter().any(|item| item.as_str() == Some(text)) {
        return;
    }
    let mut value = Value::from(text);
    let count = array.len();
    let last = count.checked_sub(1).and_then(|last| array.get_mut(last));
    if let Some(last) = last {
        let prefix = last.decor().prefix().and_then(|p| p.as_str()).unwrap_or_default().to_owned();
        let suffix = last.decor().suffix().and_then(|s| s.as_str()).unwrap_or_default().to_owned();
        // A line of its own, where each has one; comments stay with what they are about.
        let own = match prefix.rsplit_once('\n') {
            Some((_, indent)) => format!("\n{indent}"),
            None if count == 1 => " ".to_owned(),
            None => prefix,
        };
        // What stood before the closing bracket stands there again.
        let decor = value.decor_mut();
        decor.set_prefix(own);
        if !array.trailing_comma() {
            decor.set_suffix(suffix);
            if let Some(last) = array.get_mut(count - 1) {
                last.decor_mut().set_suffix("");
            }
        }
    }
    array.push_formatted(value);
}

/// Takes texts out of an array, with the layout of those that stay.
pub(super) fn remove(array: &mut Array, is_meant: impl Fn(&str) -> bool) {
    let first = |array: &Array| array.iter().position(|item| item.as_str().is_some_and(&is_meant));
    while let Some(at) = first(array) {
        let gone = array.remove(at);
        let decor = gone.decor();
        let text = |raw: Option<&toml_edit::RawString>| {
            raw.and_then(|raw| raw.as_str()).unwrap_or_default().to_owned()
        };
        let (prefix, suffix) = (text(decor.prefix()), text(decor.suffix()));
        let last = array.len();
        if at == 0
            && let Some(first) = array.get_mut(0)
            && !prefix.contains('\n')
        {
            first.decor_mut().set_prefix(prefix);
        } else if at == last
            && !array.trailing_comma()
            && let Some(at) = last.checked_sub(1)
            && let Some(last) = array.get_mut(at)
        {
            last.decor_mut().set_suffix(suffix);
        }
    }
}
