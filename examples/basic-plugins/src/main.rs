//! The smallest app with plugins. `cargo run -p basic-plugins` prints:
//!
//! ```text
//! 3 of 3 plugins loaded
//!   greeter   0.1.0  loaded
//!   shouter   1.2.0  loaded
//!   farewell  0.1.0  loaded
//!
//! greeter: Hello, world.
//! shouter: HELLO, WORLD!
//! farewell: Goodbye.
//! ```
//!
//! `plugins_config.json` enables `shouter` and `farewell`; `greeter` is there
//! because `shouter` depends on it, and loads before it. `counter` is
//! disabled: it is not in the binary.

#![forbid(unsafe_code)]

plugo::plugins!();

/// A plugin need not be a crate: the app's own source may have some.
#[plugo::plugin(name = "farewell", priority = 10)]
fn init_plugin(lines: &mut Vec<String>) {
    lines.push("farewell: Goodbye.".to_owned());
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> anyhow::Result<()> {
    let mut lines: Vec<String> = Vec::new();
    let name = String::from("world");
    let report = plugo::load_plugins(plugo::kwargs! { lines: &mut lines, name: &name });
    println!("{report}\n");
    for line in &lines {
        println!("{line}");
    }
    report.into_result()?;
    Ok(())
}
