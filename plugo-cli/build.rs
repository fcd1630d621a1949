//! Plans which commands this build of the command line has.

fn main() {
    plugo_build::build();
}
