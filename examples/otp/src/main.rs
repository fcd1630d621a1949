//! Two providers of one-time passwords and a fallback. `cargo run -p otp` prints:
//!
//! ```text
//! 3 of 3 plugins loaded
//!   mail   0.1.0  loaded
//!   sms    0.1.0  loaded
//!   voice  0.1.0  loaded
//!
//! -- selected by status, priority, then name
//! SMS to Ada: 4711
//!
//! -- the gateway is down: the next candidate that is healthy
//! warning: item `sms` is passed over: the gateway does not answer
//! call to Ada: 4711
//!
//! -- an operator disables `sms`
//! call to Ada: 4711
//!
//! -- and `voice`: what is in reserve
//! mail to Ada: 4711
//!
//! -- and `mail`, with a slip of the pen first
//! warning: no item of a plugin type is called `mial` in this program; did you mean `mail`?
//! error: every item of plugin type `otp` is disabled
//!
//! -- `mail` before all others
//! mail to Ada: 4711
//!
//! -- what an admin tool shows, which knows no trait
//! otp: Sends one-time passwords.
//!   mail   active   -1  constructs
//!   sms    active   10  does not construct: the gateway does not answer
//!   voice  active   20  constructs
//!
//! -- one by name, and a fresh instance of it
//! SMS to Grace: 42
//! error: plugin type `otp` has no item `smss` in this program; did you mean `sms`?
//! ```

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use otp_api::{Gateway, Otp};
use plugo::{Overrides, Status, kwargs};

plugo::plugins!();

fn main() -> anyhow::Result<()> {
    let gateway = Gateway::default();
    // Makes the shared instances: the constructor of `sms` takes the gateway.
    println!("{}", plugo::load_plugins(kwargs! { gateway: &gateway }));

    heading("selected by status, priority, then name");
    send()?;

    heading("the gateway is down: the next candidate that is healthy");
    gateway.set_down(true);
    let found = plugo::items::<dyn Otp>().select_with_fallback(|otp| otp.check())?;
    for failed in &found.passed_over {
        println!("warning: {failed}");
    }
    println!("{}", found.instance.send("Ada", 4711)?);

    heading("an operator disables `sms`");
    plugo::set_overrides(Overrides::new().status("sms", Status::Disabled));
    send()?;

    heading("and `voice`: what is in reserve");
    let both = Overrides::new().status("sms", Status::Disabled).status("voice", Status::Disabled);
    plugo::set_overrides(both.clone());
    send()?;

    heading("and `mail`, with a slip of the pen first");
    for unknown in plugo::set_overrides(both.clone().status("mial", Status::Disabled)) {
        println!("warning: {unknown}");
    }
    plugo::set_overrides(both.status("mail", Status::Disabled));
    show_error(plugo::select::<dyn Otp>());

    heading("`mail` before all others");
    let first = Overrides::new().status("mail", Status::Active).priority("mail", -1);
    plugo::set_overrides(first);
    send()?;

    heading("what an admin tool shows, which knows no trait");
    list(&gateway);

    heading("one by name, and a fresh instance of it");
    gateway.set_down(false);
    let sms = plugo::items::<dyn Otp>().get("sms")?;
    let fresh = sms.create_with(kwargs! { gateway: &gateway })?;
    println!("{}", fresh.send("Grace", 42)?);
    show_error(plugo::items::<dyn Otp>().get("smss"));
    Ok(())
}

fn send() -> anyhow::Result<()> {
    println!("{}", plugo::select::<dyn Otp>()?.send("Ada", 4711)?);
    Ok(())
}

fn list(gateway: &Gateway) {
    for known in plugo::plugin_types() {
        println!("{}: {}", known.info().name(), known.info().description());
        for item in known.items() {
            let (name, status, priority) = (item.plugin().name(), item.status(), item.priority());
            // `probe` also says how long it took, which is another number each time.
            let constructs = match item.probe(kwargs! { gateway: gateway }).result {
                Ok(()) => "constructs".to_owned(),
                Err(error) => format!("does not construct: {error}"),
            };
            println!("  {name:5}  {status:7}  {priority:>2}  {constructs}");
        }
    }
}

fn heading(text: &str) {
    println!("\n-- {text}");
}

fn show_error<T>(result: Result<T, plugo::SelectError>) {
    if let Err(error) = result {
        println!("error: {error}");
    }
}
