plugo::plugins!();

fn main() {
    let report = plugo::load_plugins(plugo::kwargs! {});
    println!("{report}");
}
