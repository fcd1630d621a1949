use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::layout::{insert, push, remove};
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

    /// Has a feature turn on just these; made where it is missing.
    pub(crate) fn set_feature(&mut self, feature: &str, on: &[String]) -> Result<(), Error> {
        let shown = self.shown.clone();
        let features = self.table("features")?;
        if features.get(feature).is_none() {
            insert(features, feature, Array::from_iter(on).into());
            return Ok(());
        }
        let list = features.get_mut(feature).and_then(Item::as_array_mut);
        let list = list.ok_or_else(|| odd(&shown, &format!("features.{feature}"), "an array"))?;
        remove(list, |item| !on.iter().any(|wanted| wanted == item));
        on.iter().for_each(|item| push(list, item));
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

    /// Takes items out of one feature.
    pub(crate) fn trim_feature(&mut self, feature: &str, items: &BTreeSet<String>) {
        let list = self.like("features").and_then(|features| features.get_mut(feature));
        if let Some(list) = list.and_then(Item::as_array_mut) {
            remove(list, |item| items.contains(item));
        }
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

fn odd(shown: &str, key: &str, wanted: &str) -> Error {
    Error::no(format!("`{key}` in `{shown}` is not {wanted}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        Manifest {
            path: PathBuf::from("/shop/Cargo.toml"),
            shown: "Cargo.toml".to_owned(),
            document: text.parse().unwrap(),
        }
    }

    /// Adds a plugin `new`, and takes it out again.
    fn check(before: &str, after: &str) {
        let mut manifest = manifest(before);
        let path = InlineTable::from_iter([("path", "plugins/new")]);
        manifest.add_dependency("dependencies", "new", path.into()).unwrap();
        manifest.add_feature("new", "dep:new").unwrap();
        manifest.add_default("new").unwrap();
        manifest.add_member("plugins/new").unwrap();
        assert_eq!(manifest.document.to_string(), after);
        let mut again = self::manifest(after);
        again.remove_dependency("new");
        again.remove_member(Path::new("/shop/plugins/new"));
        assert_eq!(again.document.to_string(), before);
    }

    #[test]
    fn comments_and_layout_stay_and_what_is_added_can_be_taken_out() {
        check(
            "# The shop.
[workspace]
members = [ # all of them
    \"a\",
    # the second
    \"z\" # here
]

[dependencies] # sorted
# About anyhow.
anyhow = \"1\" # an error
zip   =   \"2\"

[features]
default = [\"zip\"] # on
zip = [\"dep:zip\"]

# The end.
",
            "# The shop.
[workspace]
members = [ # all of them
    \"a\",
    \"plugins/new\",
    # the second
    \"z\" # here
]

[dependencies] # sorted
# About anyhow.
anyhow = \"1\" # an error
new = { path = \"plugins/new\" }
zip   =   \"2\"

[features]
default = [\"new\", \"zip\"] # on
new = [\"dep:new\"]
zip = [\"dep:zip\"]

# The end.
",
        );
        check(
            "[dependencies]
zip = \"2\"
anyhow = \"1\"

[features]
default = [
    \"zip\",
]

[workspace]
members = []
",
            "[dependencies]
zip = \"2\"
anyhow = \"1\"
new = { path = \"plugins/new\" }

[features]
default = [
    \"new\",
    \"zip\",
]
new = [\"dep:new\"]

[workspace]
members = [\"plugins/new\"]
",
        );
    }

    #[track_caller]
    fn check_feature(before: &str, on: &[&str], after: &str) {
        let mut manifest = manifest(before);
        let on: Vec<String> = on.iter().map(|&item| item.to_owned()).collect();
        manifest.set_feature("client-acme", &on).unwrap();
        assert_eq!(manifest.document.to_string(), after);
    }

    #[test]
    fn a_feature_turns_on_what_it_is_set_to_and_is_added_where_it_is_missing() {
        check_feature(
            "[features] # all\n# of Acme\nclient-acme = [\"blog\", \"tls\"]  # signed\nzip = []\n",
            &["tls", "web"],
            "[features] # all\n# of Acme\nclient-acme = [\"tls\", \"web\"]  # signed\nzip = []\n",
        );
        check_feature(
            "[package]\nname = \"shop\"\n",
            &["blog"],
            "[package]\nname = \"shop\"\n\n[features]\nclient-acme = [\"blog\"]\n",
        );
        check_feature(
            "features = { a = [] }\n",
            &["a"],
            "features = { a = [] , client-acme = [\"a\"] }\n",
        );
    }

    #[test]
    fn what_is_no_table_and_no_list_is_left_alone() {
        for (text, part) in [
            ("features = 1\n", "`features` in `Cargo.toml` is not a table"),
            (
                "[features]\nclient-acme = true\n",
                "`features.client-acme` in `Cargo.toml` is not an array",
            ),
        ] {
            let error = manifest(text).set_feature("client-acme", &[]).unwrap_err();
            assert_eq!(error.to_string(), part);
        }
    }

    #[test]
    fn a_table_that_is_only_said_through_others_gets_a_header() {
        let mut manifest =
            manifest("[package]\n\n[dependencies.zip]\nversion = \"2\"\n\n# The end.\n");
        manifest.add_dependency("dependencies", "new", "1".into()).unwrap();
        manifest.add_default("new").unwrap();
        let expected = "[package]\n\n[dependencies]\nnew = \"1\"\n\n[dependencies.zip]\nversion = \"2\"\n\n\
                        [features]\ndefault = [\"new\"]\n\n# The end.\n";
        assert_eq!(manifest.document.to_string(), expected);
    }

    #[test]
    fn a_dependency_goes_with_all_that_features_say_of_it() {
        let mut manifest = manifest(
            "[dependencies]
a = { path = \"a\", optional = true }
b = { path = \"b\", optional = true }
[features]
default = [\"all\", \"a\"]
a = [\"dep:a\"]
all = [\"a\", \"b\", \"a/extra\"]
client-x = [\"a\"]
client-y = [\"b\", \"a\"]
extra = [\"a?/extra\"]
none = []
",
        );
        manifest.remove_dependency("a");
        let expected = "[dependencies]
b = { path = \"b\", optional = true }
[features]
default = [\"all\"]
all = [\"b\"]
client-x = []
client-y = [\"b\"]
none = []
";
        assert_eq!(manifest.document.to_string(), expected);
    }

    #[test]
    fn a_dependency_is_found_by_its_package() {
        let manifest =
            manifest("[dependencies]\nx = { package = \"the-x\", version = \"1\" }\ny_z = \"1\"\n");
        let key = |package| manifest.dependency("dependencies", package).map(|(key, _)| key);
        assert_eq!(key("the-x"), Some("x"));
        assert_eq!(key("x"), None);
        assert_eq!(key("y-z"), Some("y_z"));
    }

    #[test]
    fn a_crate_that_is_there_gets_the_features_that_it_lacks() {
        for (before, after) in [
            ("", "[dependencies]\nt = { version = \"1\", features = [\"net\", \"rt\"] }\n"),
            (
                "[dependencies]\nt = \"1.2\"\n",
                "[dependencies]\nt = { version = \"1.2\", features = [\"net\", \"rt\"] }\n",
            ),
            (
                "[dependencies]\nt = { workspace = true, features = [\"rt\"] }\n",
                "[dependencies]\nt = { workspace = true, features = [\"net\", \"rt\"] }\n",
            ),
        ] {
            let mut manifest = manifest(before);
            manifest.require("t", "1", &["net", "rt"]).unwrap();
            assert_eq!(manifest.document.to_string(), after);
        }
    }

    #[test]
    fn members_are_found_as_cargo_finds_them() {
        for (members, is_member) in [
            ("[\"plugins/*\"]", true),
            ("[\"./plugins/a-?\"]", true),
            ("[\"plugins/a-b/\"]", true),
            ("[\"*/*\"]", true),
            ("[\"plugins\"]", false),
            ("[\"*\"]", false),
            ("[\"plugins/*/*\"]", false),
            ("[]", false),
        ] {
            let manifest = manifest(&format!("[workspace]\nmembers = {members}\n"));
            assert_eq!(manifest.has_member(Path::new("/shop/plugins/a-b")), is_member, "{members}");
        }
    }
}
