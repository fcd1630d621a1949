//! Plans which plugins this build contains.

fn main() {
    plugo_build::build();
}
