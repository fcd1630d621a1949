/// The variable that turns watching off.
const SWITCH: &str = "ENABLE_PLUGIN_HOT_RELOAD";

/// Whether files are watched: unless `ENABLE_PLUGIN_HOT_RELOAD` is `false`,
/// `0`, `no` or `off`, in any case of letters.
///
/// ```
/// if plugo_reload::is_enabled() {
///     println!("changes are noticed");
/// }
/// ```
pub fn is_enabled() -> bool {
    std::env::var(SWITCH).map_or(true, |value| says_yes(&value))
}

fn says_yes(value: &str) -> bool {
    let value = value.trim();
    !["false", "0", "no", "off"].iter().any(|no| value.eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_no_turns_it_off() {
        for no in ["false", "False", "0", "no", " OFF "] {
            assert!(!says_yes(no), "{no:?}");
        }
        for yes in ["true", "1", "", "yes", "on", "of"] {
            assert!(says_yes(yes), "{yes:?}");
        }
    }
}
