//! {{title}}: a plugin.

/// Runs when the app loads its plugins. Each parameter takes the argument of
/// its name that the app gives; this one is optional, so it runs in every app.
#[plugo::plugin]
fn init_plugin(user: Option<&str>) {
    println!("{}", greeting(user.unwrap_or("world")));
}

/// What it has to say.
pub fn greeting(user: &str) -> String {
    format!("{{title}} says hello to {user}.")
}

#[cfg(test)]
mod tests {
    plugo::plugins![super::init_plugin];

    #[test]
    fn it_loads_with_and_without_a_user() {
        let alone = PLUGINS.load(plugo::kwargs! {}).into_result().unwrap();
        assert_eq!(alone.loaded().collect::<Vec<_>>(), ["{{name}}"]);
        PLUGINS
            .load(plugo::kwargs! { user: "Ada" })
            .into_result()
            .unwrap();
    }

    #[test]
    fn it_greets_the_user() {
        assert_eq!(super::greeting("Ada"), "{{title}} says hello to Ada.");
    }
}
