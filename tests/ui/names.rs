#[plugo::plugin(name = "")]
fn empty() {}

#[plugo::plugin(name = "price list")]
fn space() {}

#[plugo::plugin(name = "../escape")]
fn path() {}

#[plugo::plugin(name = "über")]
fn unicode() {}

#[plugo::plugin(name = "a123456789012345678901234567890123456789012345678901234567890123456789")]
fn long() {}

#[plugo::plugin(name = concat!("a", " ", "b"))]
fn computed() {}

#[plugo::plugin(name = "fine", namespace = "not fine")]
fn namespace() {}

fn main() {}
