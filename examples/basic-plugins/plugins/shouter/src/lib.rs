//! Says again, louder, what was said before it. `metadata.json` says that it
//! depends on `greeter`.

use anyhow::Context as _;

/// An error here would fail this plugin alone.
#[plugo::plugin]
fn init_plugin(lines: &mut Vec<String>) -> anyhow::Result<()> {
    let said = lines.last().and_then(|line| line.split_once(": ")).context("nobody has spoken")?;
    let louder = said.1.trim_end_matches('.').to_uppercase();
    lines.push(format!("shouter: {louder}!"));
    Ok(())
}
