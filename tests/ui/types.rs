struct App;
struct NoError;

#[plugo::plugin(name = "a")]
fn by_value(app: App) {}

#[plugo::plugin(name = "b")]
fn optional_by_value(app: Option<App>) {}

#[plugo::plugin(name = "c")]
fn returns_what_stays_on_its_thread() -> std::rc::Rc<u8> {
    std::rc::Rc::new(0)
}

#[plugo::plugin(name = "d")]
async fn asynchronous() -> Result<u8, NoError> {
    Err(NoError)
}

#[plugo::plugin(name = "f")]
fn no_error() -> Result<(), NoError> {
    Ok(())
}

fn main() {}
