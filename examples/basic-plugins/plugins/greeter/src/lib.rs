//! Greets. Its metadata is what `Cargo.toml` says.

/// Takes the two arguments that it names.
#[plugo::plugin]
fn init_plugin(lines: &mut Vec<String>, name: &str) {
    lines.push(format!("greeter: Hello, {name}."));
}
