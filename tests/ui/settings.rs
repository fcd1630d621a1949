use plugo::settings::schemars::JsonSchema;
use plugo::settings::serde::Deserialize;

#[plugo::plugin_type]
trait Payment: Send + Sync {
    fn pay(&self);
}

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "plugo::settings::serde")]
#[schemars(crate = "plugo::settings::schemars")]
struct Account {
    name: String,
}

struct NoSchema;

#[plugo::plugin(name = "a", settings = Account)]
struct OfNothing;

#[plugo::plugin(settings = Account)]
fn init_plugin() {}

#[plugo::plugin(name = "b", of = dyn Payment, settings = "Account")]
struct NoType;

#[plugo::plugin(name = "c", of = dyn Payment, settings = Account, new = DoesNotTakeThem::new(url: &str))]
struct DoesNotTakeThem;

#[plugo::plugin(name = "d", of = dyn Payment, settings = Account, new = TakesOthers::new(settings: &String))]
struct TakesOthers;

impl TakesOthers {
    fn new(_: &String) -> Self {
        TakesOthers
    }
}

impl Payment for TakesOthers {
    fn pay(&self) {}
}

#[plugo::plugin(name = "e", of = dyn Payment, settings = NoSchema, new = WithoutSchema::new(settings: &NoSchema))]
struct WithoutSchema;

impl WithoutSchema {
    fn new(_: &NoSchema) -> Self {
        WithoutSchema
    }
}

impl Payment for WithoutSchema {
    fn pay(&self) {}
}

#[plugo::plugin(name = "f", of = dyn Payment, settings = Account)]
struct NotMadeFromThem;

impl Payment for NotMadeFromThem {
    fn pay(&self) {}
}

fn main() {}
