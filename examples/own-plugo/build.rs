//! Plans which commands this command line has.

fn main() {
    plugo_build::build();
}
