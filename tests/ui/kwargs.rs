fn main() {
    let number = 5u32;
    let _ = plugo::kwargs! { number: number };
    let _ = plugo::kwargs! { number: &number, number: &number };
}
