use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::{Edits, relative, slashes};
use crate::error::Error;

/// A `Cargo.toml` that is being edited. Comments and layout stay.
#[derive(Debug)]
pub(crate) struct Manifest {
    path: PathBuf,
    shown: String,
    document: DocumentMut,
}

impl Manifest {
    /// Reads it as the edits so far leave it.
    pub(crate) fn read(edits: &Edits, dir: &Path) -> Result<Self, Error> {
        let path = dir.join("Cargo.toml");
        let shown = edits.show(&path);
        let text =
            edits.read(&path)?.ok_or_else(|| Error::usage(format!("`{shown}` does not exist")))?;
        let document = text
            .parse()
            .map_err(|error| Error::no(format!("`{shown}` is not valid TOML: {error}")))?;
        Ok(Manifest { path, shown, document })
    }

    /// Makes it an edit.
    pub(crate) fn save(self, edits: &mut Edits) -> Result<(), Error> {
        edits.write(&self.path, self.document.to_string())
    }

    /// Its folder.
    pub(crate) fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// What is at the end of some keys.
    pub(crate) fn get(&self, keys: &[&str]) -> Option<&Item> {
        keys.iter().try_fold(self.document.as_item(), |item, key| item.get(key))
    }

    /// A text at the end of some keys.
    pub(crate) fn text(&self, keys: &[&str]) -> Option<&str> {
        self.get(keys)?.as_str()
    }

    /// The key of a dependency in a table such as `dependencies`, by the name
    /// of its package. `-` and `_` are one to Cargo.
    pub(crate) fn dependency(&self, table: &str, package: &str) -> Option<(&str, &Item)> {
        let same = |name: &str| name.replace('_', "-") == package.replace('_', "-");
        self.get(&[table])?
            .as_table_like()?
            .iter()
            .find(|(key, item)| same(item.get("package").and_then(Item::as_str).unwrap_or(key)))
    }

    /// Adds a dependency; sorted in, where they are sorted.
    pub(crate) fn add_dependency(
        &mut self,
        table: &str,
        key: &str,
        value: Value,
    ) -> Result<(), Error> {
        insert(self.table(table)?, key, value);
        Ok(())
    }

    /// Has a normal dependency on a crate with some of its features: what is
    /// there stays, and gets what it lacks.
    pub(crate) fn require(
        &mut self,
        krate: &str,
        version: &str,
        features: &[&str],
    ) -> Result<(), Error> {
        let Some(key) = self.dependency("dependencies", krate).map(|(key, _)| key.to_owned())
        else {
            let mut new = InlineTable::from_iter([("version", Value::from(version))]);
            // The default features of few crates are small.
            new.insert("default-features", false.into());
            new.insert("features", Array::from_iter(features.iter().copied()).into());
            return self.add_dependency("dependencies", krate, new.into());
        };
        let shown = self.shown.clone();
        let wrong = || odd(&shown, &format!("dependencies.{key}"), "a dependency");
        let item = self.table("dependencies")?.get_mut(&key).ok_or_else(wrong)?;
        if let Some(version) = item.as_str().map(str::to_owned) {
            *item = Item::Value(InlineTable::from_iter([("version", version)]).into());
        }
        let table = item.as_table_like_mut().ok_or_else(wrong)?;
        if table.get("features").is_none() {
            table.insert("features", Item::Value(Array::new().into()));
        }
        let list = table.get_mut("features").and_then(Item::as_array_mut).ok_or_else(wrong)?;
        features.iter().for_each(|feature| push(list, feature));
        Ok(())
    }

    /// Adds a feature that turns something on.
    pub(crate) fn add_feature(&mut self, feature: &str, on: &str) -> Result<(), Error> {
        insert(self.table("features")?, feature, Array::from_iter([on]).into());
        Ok(())
    }

    /// Has the default features turn on another one.
    pub(crate) fn add_default(&mut self, feature: &str) -> Result<(), Error> {
        let shown = self.shown.clone();
        let features = self.table("features")?;
        if features.get("default").is_none() {
            insert(features, "default", Array::from_iter([feature]).into());
            return Ok(());
        }
        let list = features.get_mut("default").and_then(Item::as_array_mut);
        let list = list.ok_or_else(|| odd(&shown, "features.default", "an array"))?;
        push(list, feature);
        Ok(())
    }

    /// Takes out a dependency, and what features say of it. Features that
    /// turned on nothing else go with it. Says which are gone.
    pub(crate) fn remove_dependency(&mut self, key: &str) -> Vec<String> {
        if let Some(table) = self.like("dependencies") {
            table.remove(key);
        }
        if let Some(targets) = self.like("target") {
            for (_, target) in targets.iter_mut() {
                if let Some(table) =
                    target.get_mut("dependencies").and_then(Item::as_table_like_mut)
                {
                    table.remove(key);
                }
            }
        }
        let names_it = |item: &str| {
            item == format!("dep:{key}")
                || item.split_once('/').is_some_and(|(of, _)| of.trim_end_matches('?') == key)
        };
        let gone = self.remove_from_features(names_it);
        // An optional dependency that no feature names with `dep:` is a feature itself.
        if self.get(&["features", key]).is_none() {
            self.remove_from_features(|item| item == key);
        }
        gone
    }

    /// Takes out a feature, and what others say of it.
    pub(crate) fn remove_feature(&mut self, feature: &str) {
        if let Some(features) = self.like("features") {
            features.remove(feature);
        }
        self.remove_from_features(|item| item == feature);
    }

    /// Takes items out of all features; a feature that is left with nothing
    /// because of that goes too, unless it is the default or a client's.
    fn remove_from_features(&mut self, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
        let mut gone = Vec::new();
        let Some(features) = self.like("features") else { return gone };
        for (key, item) in features.iter_mut() {
            let Some(list) = item.as_array_mut() else { continue };
            let before = list.len();
            remove(list, |item| is_meant(item));
            let stays = key.get() == "default" || key.get().starts_with("client-");
            if before > list.len() && list.is_empty() && !stays {
                gone.push(key.get().to_owned());
            }
        }
        for feature in &gone {
            self.remove_feature(feature);
        }
        gone
    }

    /// Whether the workspace of this manifest already has a folder as a
    /// member, by its list alone.
    pub(crate) fn has_member(&self, dir: &Path) -> bool {
        let Some(members) = self.get(&["workspace", "members"]).and_then(Item::as_array) else {
            return false;
        };
        let dir = slashes(&relative(dir, self.dir()));
        members.iter().filter_map(Value::as_str).any(|member| matches(member, &dir))
    }

    /// Adds a member to the workspace of this manifest.
    pub(crate) fn add_member(&mut self, member: &str) -> Result<(), Error> {
        let shown = self.shown.clone();
        let workspace = self.table("workspace")?;
        if workspace.get("members").is_none() {
            insert(workspace, "members", Array::from_iter([member]).into());
            return Ok(());
        }
        let list = workspace.get_mut("members").and_then(Item::as_array_mut);
        push(list.ok_or_else(|| odd(&shown, "workspace.members", "an array"))?, member);
        Ok(())
    }

    /// Takes out a member that is listed by its own path.
    pub(crate) fn remove_member(&mut self, dir: &Path) {
        let dir = slashes(&relative(dir, self.dir()));
        let members = self.like("workspace").and_then(|workspace| workspace.get_mut("members"));
        if let Some(members) = members.and_then(Item::as_array_mut) {
            remove(members, |member| member.trim_end_matches('/') == dir);
        }
    }

    /// A table at the top; made where it is missing.
    fn table(&mut self, name: &str) -> Result<&mut Item, Error> {
        let item = self.document.entry(name).or_insert_with(|| Item::Table(Table::new()));
        match item.is_table_like() {
            true => Ok(item),
            false => Err(odd(&self.shown, name, "a table")),
        }
    }

    fn like(&mut self, name: &str) -> Option<&mut dyn TableLike> {
        self.document.get_mut(name)?.as_table_like_mut()
    }
}

/// A dependency on a folder, with `/` between its parts.
pub(crate) fn on_path(path: &Path) -> InlineTable {
    InlineTable::from_iter([("path", Value::from(slashes(path)))])
}

fn odd(shown: &str, key: &str, wanted: &str) -> Error {
    Error::no(format!("`{key}` in `{shown}` is not {wanted}"))
}

/// Puts a key into a table, in order where the others are; `default`, of
/// features, stands first.
fn insert(table: &mut Item, key: &str, value: Value) {
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
fn push(array: &mut Array, text: &str) {
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
fn remove(array: &mut Array, is_meant: impl Fn(&str) -> bool) {
    let first = |array: &Array| {
        array.iter().position(|item| item.as_str().is_some_and(|item| is_meant(item)))
    };
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

/// Whether a pattern of members, with `*` and `?`, means a folder.
fn matches(pattern: &str, dir: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let mut parts = dir.split('/');
    let whole = pattern.split('/').all(|wanted| {
        parts.next().is_some_and(|part| part_matches(wanted.as_bytes(), part.as_bytes()))
    });
    whole && parts.next().is_none()
}

fn part_matches(pattern: &[u8], part: &[u8]) -> bool {
    match (pattern, part) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            part_matches(rest, part) || !part.is_empty() && part_matches(pattern, &part[1..])
        }
        ([b'?', rest @ ..], [_, others @ ..]) => part_matches(rest, others),
        ([wanted, rest @ ..], [is, others @ ..]) => wanted == is && part_matches(rest, others),
        _ => false,
    }
}
