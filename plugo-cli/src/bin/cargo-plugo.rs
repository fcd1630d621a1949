//! `cargo plugo <command>`: the same program, as Cargo calls it.

use std::process::ExitCode;

plugo::plugins!();

fn main() -> ExitCode {
    plugo_cli::main()
}
