//! `plugo <command>`.

use std::process::ExitCode;

plugo::plugins!();

fn main() -> ExitCode {
    plugo_cli::main()
}
