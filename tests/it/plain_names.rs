//! A name that `#[plugin]` does not ask the core about is one that the core allows.

use plugo_core::name::{MAX_LENGTH, check, check_namespace};

#[path = "../../plugo-macros/src/plain.rs"]
mod plain;

use self::plain::is_plain_name;

#[test]
fn the_core_allows_every_plain_name() {
    let is_allowed = |name: &str| check(name).is_ok() && check_namespace(name).is_ok();
    let mut plain = 0;
    let mut look = |name: &str| {
        if is_plain_name(name) {
            assert!(is_allowed(name), "{name:?}");
            plain += 1;
        }
    };
    // Each character, as the first one, in the middle and at the end.
    for character in '\0'..='\u{2fff}' {
        for name in ["", "a", "-"].map(|before| format!("{before}{character}")) {
            look(&name);
            look(&format!("{name}9"));
        }
    }
    for length in 0..=MAX_LENGTH + 2 {
        look(&"x".repeat(length));
        look(&"é".repeat(length));
    }
    assert_eq!(plain, 62 * 2 + 64 * 2 + MAX_LENGTH, "as many as there are");
}

#[test]
fn usual_names_are_plain_and_those_that_break_a_rule_are_not() {
    for name in ["blog", "9lives", "Upper_Case-2", &"x".repeat(MAX_LENGTH)] {
        assert!(is_plain_name(name), "{name}");
    }
    for name in ["", "_x", "-x", "a.b", "a b", "a\0b", "über", &"x".repeat(MAX_LENGTH + 1)] {
        assert!(!is_plain_name(name), "{name}");
    }
}
