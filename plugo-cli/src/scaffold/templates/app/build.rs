fn main() {
    plugo_build::build();
}
