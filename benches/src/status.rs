use anyhow::{Result, bail};

/// Tells whoever waits what is going on, in Cargo's manner.
#[expect(clippy::print_stderr, reason = "stdout is for the report")]
pub(crate) fn status(verb: &str, what: &str) {
    eprintln!("{verb:>12} {what}");
}

/// Leaves something out, unless nothing may be, as in `.ci/run`.
pub(crate) fn skip(what: &str) -> Result<()> {
    if std::env::var_os("PLUGO_REQUIRE_ALL").is_some_and(|value| value != "0") {
        bail!("PLUGO_REQUIRE_ALL is set, and this would be skipped: {what}");
    }
    status("Skipping", what);
    Ok(())
}
