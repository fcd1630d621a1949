struct App;

#[plugo::plugin(name = "a")]
const fn constant() {}

#[plugo::plugin(name = "b")]
unsafe fn not_safe() {}

#[plugo::plugin(name = "c")]
extern "C" fn abi() {}

#[plugo::plugin(name = "d")]
fn generic<T>(app: &T) {}

#[plugo::plugin(name = "e")]
fn lifetimes<'a>(app: &'a App) {}

#[plugo::plugin(name = "f")]
fn clause(app: &App)
where
    App: Clone,
{
}

#[plugo::plugin(name = "g")]
fn pattern((a, b): &(u8, u8), _: &App) {}

#[plugo::plugin(name = "h")]
fn opaque(app: &mut impl Clone) {}

#[plugo::plugin(name = "i")]
const unsafe fn several(self, [a]: &[u8; 1]) {}

#[plugo::plugin(name = "j")]
fn same(app: &App, _app: &App) {}

fn main() {}
