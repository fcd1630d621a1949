//! Arguments that many commands have.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which app a command is about.
#[derive(Args, Clone, Debug, Default)]
pub struct AppArgs {
    /// The package of the app, where a workspace has several
    #[arg(short, long, value_name = "PACKAGE", help_heading = "App")]
    pub package: Option<String>,
    /// The app's Cargo.toml, or that of its workspace
    #[arg(long, value_name = "PATH", help_heading = "App")]
    pub manifest_path: Option<PathBuf>,
}

/// Which build of the app a command is about.
#[derive(Args, Clone, Debug, Default)]
pub struct SelectionArgs {
    /// The client that the build is for
    #[arg(
        short, long, value_name = "CLIENT", help_heading = "Selection",
        conflicts_with_all = ["features", "all_features", "no_default_features"],
    )]
    pub client: Option<String>,
    /// Cargo features of the app
    #[arg(
        short = 'F',
        long,
        value_name = "FEATURES",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub features: Vec<String>,
    /// Every cargo feature of the app
    #[arg(
        long, help_heading = "Selection",
        conflicts_with_all = ["features", "no_default_features"],
    )]
    pub all_features: bool,
    /// Without the default features
    #[arg(long, help_heading = "Selection")]
    pub no_default_features: bool,
    /// The triple that is built for [default: this machine's]
    #[arg(long, value_name = "TRIPLE", help_heading = "Selection")]
    pub target: Option<String>,
}

/// How the answer is written.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct FormatArgs {
    /// How the answer is written
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON document, for programs
    Json,
}
