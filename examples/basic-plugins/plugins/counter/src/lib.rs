//! Counts the lines so far. `plugins_config.json` disables it.

/// Is not in the binary.
#[plugo::plugin]
fn init_plugin(lines: &mut Vec<String>) {
    let count = lines.len();
    lines.push(format!("counter: {count} lines before this one."));
}
