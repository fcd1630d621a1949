use crate::scaffold::name::CrateName;

/// The build script of an app.
pub(crate) const BUILD: &str = include_str!("templates/app/build.rs");
/// The program of an app whose plugins take no arguments.
pub(crate) const PLAIN_MAIN: &str = include_str!("templates/app/main.rs");
/// The program of an app whose plugins have pages.
pub(crate) const WEB_MAIN: &str = include_str!("templates/app/web_main.rs");
/// Its first page.
pub(crate) const WEB_HOME: &str = include_str!("templates/app/home.html");

/// What a new plugin is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Base,
    Ui,
    Api,
}

/// The files of a template, by their paths in the new crate.
macro_rules! files {
    ($folder:literal: $manifest:literal, $($file:literal),+) => {
        &[
            ("Cargo.toml", include_str!(concat!("templates/", $folder, "/", $manifest))),
            $(($file, include_str!(concat!("templates/", $folder, "/", $file))),)+
        ]
    };
}

impl Kind {
    /// The folder in the app's that its plugins are put into, where that is
    /// not the plugin directory.
    pub(crate) fn folder(self) -> Option<&'static str> {
        match self {
            Kind::Base => None,
            Kind::Ui => Some("ui/plugins"),
            Kind::Api => Some("api/plugins"),
        }
    }

    /// Whether the plugin adds routes, and so takes `app: &mut axum::Router`.
    pub(crate) fn has_routes(self) -> bool {
        self != Kind::Base
    }

    /// The page that a person looks at first.
    pub(crate) fn page(self, name: &CrateName) -> Option<String> {
        match self {
            Kind::Base => None,
            Kind::Ui => Some(format!("/{name}")),
            Kind::Api => Some(format!("/{name}/try")),
        }
    }

    /// The files of a plugin of this name.
    pub(crate) fn files(self, name: &CrateName, plugo: &str) -> Vec<(String, String)> {
        // Another ending, since Cargo and its tools take a `Cargo.toml` for a package.
        let files: &[(&str, &str)] = match self {
            Kind::Base => files!("base": "Cargo.toml.in", "src/lib.rs"),
            Kind::Ui => files!(
                "ui": "Cargo.toml.in", "src/lib.rs", "src/pages.rs", "src/routes.rs",
                "src/store.rs", "src/tests.rs", "static/style.css"
            ),
            Kind::Api => files!(
                "api": "Cargo.toml.in", "openapi.json", "src/lib.rs", "src/refusal.rs",
                "src/routes.rs", "src/store.rs", "src/tests.rs", "static/try.html"
            ),
        };
        let fill = |text: &str| {
            text.replace("{{name}}", &name.name)
                .replace("{{title}}", &name.title)
                .replace("{{plugo}}", plugo)
        };
        files.iter().map(|(path, text)| ((*path).to_owned(), fill(text))).collect()
    }
}
