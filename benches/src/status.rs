/// Tells whoever waits what is going on, in Cargo's manner.
#[expect(clippy::print_stderr, reason = "stdout is for the report")]
pub(crate) fn status(verb: &str, what: &str) {
    eprintln!("{verb:>12} {what}");
}
