#[plugo::plugin_type]
trait Empty: Send + Sync {}

#[plugo::plugin_type]
trait Generic<T>: Send + Sync {
    fn take(&self, value: T);
}

#[plugo::plugin_type]
struct NoTrait;

#[plugo::plugin_type(name = "")]
trait Nameless: Send + Sync {
    fn call(&self);
}

#[plugo::plugin_type(priority = 1)]
trait Ordered: Send + Sync {
    fn call(&self);
}

#[plugo::plugin_type]
trait Local {
    fn call(&self);
}

#[plugo::plugin_type]
trait Otp: Send + Sync {
    fn send(&self);
}

#[plugo::plugin(name = "a", of = Otp)]
#[derive(Default)]
struct NoDyn;

#[plugo::plugin(of = dyn Otp)]
#[derive(Default)]
struct NoName;

#[plugo::plugin(name = "b", of = dyn Otp, status = "off")]
#[derive(Default)]
struct BadStatus;

#[plugo::plugin(name = "c", of = dyn Otp)]
#[derive(Default)]
struct NotImplemented;

#[plugo::plugin(name = "d", of = dyn Otp)]
struct NoDefault;

impl Otp for NoDefault {
    fn send(&self) {}
}

#[plugo::plugin(name = "f", of = dyn Otp)]
#[derive(Default)]
struct Incomplete;

impl Otp for Incomplete {}

trait Plain: Send + Sync {}

#[plugo::plugin(name = "e", of = dyn Plain)]
#[derive(Default)]
struct OfNoType;

impl Plain for OfNoType {}

fn main() {}
