#[plugo::plugin(nmae = "blog")]
fn unknown() {}

#[plugo::plugin(name)]
fn no_value() {}

#[plugo::plugin("blog")]
fn no_key() {}

#[plugo::plugin(name = blog)]
fn no_literal() {}

#[plugo::plugin(name = "a", name = "b")]
fn twice() {}

#[plugo::plugin(name = 5)]
fn number() {}

#[plugo::plugin(priority = "high")]
fn text_priority() {}

#[plugo::plugin(priority = 3_000_000_000)]
fn large_priority() {}

#[plugo::plugin(name = "a" priority = 1)]
fn no_comma() {}

fn main() {}
