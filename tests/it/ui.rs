//! What the compiler says to a wrong use, with the caret where the mistake
//! is. `TRYBUILD=overwrite cargo test -p tests ui` writes the texts anew.

#[test]
fn wrong_uses_are_explained() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
