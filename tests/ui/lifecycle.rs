struct Mailer;

#[plugo::plugin(name = "a")]
impl plugo::Plugin for Mailer {
    fn load(&mut self) {}
    fn stop(self) {}
    fn reload(&self) {}
}

#[derive(Default)]
struct Clock;

#[plugo::plugin(name = "b")]
impl Clone for Clock {
    fn clone(&self) -> Self {
        Clock
    }
}

struct NoDefault;

#[plugo::plugin(name = "c")]
impl plugo::Plugin for NoDefault {
    fn should_load(&self) -> u8 {
        1
    }
}

#[derive(Default)]
struct Service<T>(T);

#[plugo::plugin(name = "d")]
impl<T: Send + Sync + 'static> plugo::Plugin for Service<T> {}

#[plugo::plugin(reusable, name = "e")]
impl plugo::Plugin for Clock {}

#[plugo::plugin(name = "f", should_load = false)]
fn never() {}

#[plugo::plugin(name = "g")]
#[plugo::plugin(name = "h")]
fn twice() {}

#[plugo::plugin(name = "i", new = Clock::at(hour))]
impl plugo::Plugin for Clock {}

#[plugo::plugin(name = "j")]
static mut MUTABLE: u8 = 0;

fn main() {}
