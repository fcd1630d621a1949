struct App;
struct NoError;

#[plugo::plugin(name = "a")]
fn by_value(app: App) {}

#[plugo::plugin(name = "b")]
fn optional_by_value(app: Option<App>) {}

#[plugo::plugin(name = "c")]
fn returns_a_value(app: &App) -> u8 {
    0
}

#[plugo::plugin(name = "d")]
fn returns_in_a_result() -> Result<u8, std::fmt::Error> {
    Ok(0)
}

#[plugo::plugin(name = "e")]
async fn asynchronous() -> Option<()> {
    None
}

#[plugo::plugin(name = "f")]
fn no_error() -> Result<(), NoError> {
    Ok(())
}

fn main() {}
