//! A team's own `plugo`: the built-in commands, and those of its plugin
//! crates. A `plugins_config.json` beside its `Cargo.toml` could leave some
//! of them out.
//!
//! ```sh
//! cargo run -p own-plugo -- --help
//! cargo run -p own-plugo -- stats --package web-plugins
//! ```

use std::process::ExitCode;

plugo::plugins!();

fn main() -> ExitCode {
    plugo_cli::main()
}
