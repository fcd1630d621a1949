//! Items with settings: what the core makes of them, and what their forms do.
//! The ids are those of django-plugin-system in `docs/cases.md`.

use std::collections::BTreeSet;

use plugo::settings::Form;
use plugo::settings::serde_json::{Value, json};
use plugo::{
    Item, Kwargs, Overrides, SelectError, State, Status, items, kwargs, plugin_types, select,
};

use tests::{Project, Run, cargo};

use crate::django::Operator;

/// Providers of payments, of which one can be made without settings.
mod payment {
    use plugo::settings::schemars::JsonSchema;
    use plugo::settings::serde::Deserialize;
    use plugo::settings::{Secret, schemars, serde};

    #[plugo::plugin_type(name = "settings-payment")]
    pub(super) trait Payment: Send + Sync {
        fn pay(&self, cents: u32) -> String;
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(crate = "serde")]
    #[schemars(crate = "schemars")]
    pub(super) struct StripeSettings {
        /// The account that gets the money.
        pub(super) account: String,
        pub(super) api_key: Secret,
    }

    /// Made by a constructor, with an argument of the app beside the settings.
    #[plugo::plugin(
        name = "stripe",
        namespace = "settings",
        of = dyn Payment,
        priority = -10,
        settings = StripeSettings,
        new = Stripe::new(settings: &StripeSettings, currency: Option<&str>)
    )]
    pub(super) struct Stripe {
        account: String,
        currency: String,
        key_length: usize,
    }

    impl Stripe {
        fn new(settings: &StripeSettings, currency: Option<&str>) -> Result<Self, String> {
            if settings.account == "closed" {
                return Err("the account is closed".to_owned());
            }
            Ok(Stripe {
                account: settings.account.clone(),
                currency: currency.unwrap_or("EUR").to_owned(),
                key_length: settings.api_key.expose().len(),
            })
        }
    }

    impl Payment for Stripe {
        fn pay(&self, cents: u32) -> String {
            let Stripe { account, currency, key_length } = self;
            format!("{cents} {currency} to {account} with a key of {key_length}")
        }
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(crate = "serde")]
    #[schemars(crate = "schemars")]
    pub(super) struct VoucherSettings {
        prefix: String,
    }

    /// Made from its settings, without a constructor.
    #[plugo::plugin(
        name = "voucher",
        namespace = "settings",
        of = dyn Payment,
        settings = VoucherSettings,
        status = "reserve"
    )]
    pub(super) struct Voucher(String);

    impl From<&VoucherSettings> for Voucher {
        fn from(settings: &VoucherSettings) -> Self {
            Voucher(settings.prefix.clone())
        }
    }

    impl Payment for Voucher {
        fn pay(&self, cents: u32) -> String {
            format!("{}-{cents}", self.0)
        }
    }

    #[plugo::plugin(name = "cash", namespace = "settings", of = dyn Payment, priority = 50)]
    #[derive(Default)]
    pub(super) struct Cash;

    impl Payment for Cash {
        fn pay(&self, cents: u32) -> String {
            format!("{cents} in coins")
        }
    }

    plugo::plugins![Stripe, Voucher, Cash];
}

use payment::Payment;

fn get(name: &str) -> Item<dyn Payment> {
    items::<dyn Payment>().get(name).unwrap()
}

fn form_of(name: &str) -> &'static Form {
    Form::carried(get(name).settings().expect("it has settings")).expect("it is a form of plugo's")
}

fn account() -> Value {
    json!({ "account": "shop", "api_key": "sk_live" })
}

#[test]
fn settings_d05_the_form_is_reached_from_the_item_and_from_a_report() {
    let schema = form_of("stripe").schema();
    assert_eq!(schema["properties"]["account"]["description"], "The account that gets the money.");
    assert_eq!(schema["properties"]["api_key"]["writeOnly"], true);
    assert!(get("cash").settings().is_none());
    let known = plugin_types();
    let known = known.iter().find(|known| known.info().name() == "settings-payment").unwrap();
    let with: BTreeSet<_> = known
        .items()
        .iter()
        .filter(|item| item.settings().and_then(Form::carried).is_some())
        .map(|item| item.plugin().name())
        .collect();
    assert_eq!(with, BTreeSet::from(["stripe", "voucher"]));
}

#[test]
fn settings_d09_an_item_with_settings_is_in_all_and_is_no_candidate() {
    let operator = Operator::takes_over();
    let names = |items: Vec<Item<dyn Payment>>| items.iter().map(Item::name).collect::<Vec<_>>();
    assert_eq!(names(items::<dyn Payment>().all()), ["stripe", "voucher", "cash"]);
    assert_eq!(names(items::<dyn Payment>().active()), ["stripe", "cash"]);
    // It has the best priority, and is passed over all the same.
    assert_eq!(items::<dyn Payment>().select().unwrap().name(), "cash");
    assert_eq!(select::<dyn Payment>().unwrap().pay(5), "5 in coins");
    let found = items::<dyn Payment>().select_with_fallback(|_| Ok::<(), String>(())).unwrap();
    assert_eq!((found.item.name(), found.passed_over.len()), ("cash", 0));
    let known = plugin_types();
    let known = known.iter().find(|known| known.info().name() == "settings-payment").unwrap();
    assert_eq!(known.selected().unwrap().plugin().name(), "cash");
    // Without another, the error says so; what is disabled is not in it.
    operator.says(
        Overrides::new()
            .status("settings/cash", Status::Disabled)
            .status("settings/voucher", Status::Disabled),
    );
    let error = items::<dyn Payment>().select().unwrap_err();
    assert!(matches!(&error, SelectError::NeedSettings { items, .. } if *items == ["stripe"]));
    assert_eq!(
        error.to_string(),
        "no item of plugin type `settings-payment` can be selected: `stripe` has settings, and \
         instances are made with them, by `create_with(kwargs! { settings: … })`"
    );
    assert!(select::<dyn Payment>().is_err());
    operator.says(["cash", "voucher", "stripe"].iter().fold(Overrides::new(), |all, name| {
        all.status(format!("settings/{name}"), Status::Disabled)
    }));
    assert!(matches!(select::<dyn Payment>().err(), Some(SelectError::AllDisabled { .. })));
}

#[test]
fn settings_d11_d13_an_instance_gets_its_settings_typed_and_goes_by_them() {
    let stripe = get("stripe");
    let made = form_of("stripe").construct(&account(), kwargs! { currency: "CHF" }, |kwargs| {
        stripe.create_with(kwargs).map(|made| made.pay(7))
    });
    assert_eq!(made.unwrap().unwrap(), "7 CHF to shop with a key of 7");
    // The same by hand, with the type at hand.
    let settings: payment::StripeSettings = serde_json::from_value(account()).unwrap();
    let made = stripe.create_with(kwargs! { settings: &settings }).unwrap();
    assert_eq!(made.pay(7), "7 EUR to shop with a key of 7");
    let voucher =
        form_of("voucher").construct(&json!({ "prefix": "X" }), Kwargs::new(), |kwargs| {
            get("voucher").create_with(kwargs).unwrap().pay(7)
        });
    assert_eq!(voucher.unwrap(), "X-7");
}

#[test]
fn settings_that_do_not_fit_are_told_from_a_constructor_that_fails() {
    let stripe = get("stripe");
    let make = |settings: &Value| {
        form_of("stripe").construct(settings, Kwargs::new(), |kwargs| {
            stripe.create_with(kwargs).map(drop).map_err(|error| error.to_string())
        })
    };
    let misfit = make(&json!({ "account": 1, "api_key": "sk" })).unwrap_err().to_string();
    assert_eq!(misfit, "/account does not fit: invalid type: integer `1`, expected a string");
    let failed = make(&json!({ "account": "closed", "api_key": "sk" })).unwrap().unwrap_err();
    assert!(failed.ends_with("cannot be made: the account is closed"), "{failed}");
    // Without settings there is nothing to make it from.
    let without = stripe.create().err().unwrap().to_string();
    assert!(without.contains("the app gives no argument `settings`"), "{without}");
}

#[test]
fn settings_loading_makes_no_instance_and_says_so() {
    let _operator = Operator::takes_over();
    let report = plugo::load_namespace("settings", kwargs! {});
    let text = report.to_string();
    let stripe = report.get("stripe").unwrap();
    assert!(matches!(stripe.state(), State::Loaded), "{text}");
    for line in ["stripe   ", "voucher  "] {
        let line = text.lines().find(|text| text.trim_start().starts_with(line)).unwrap();
        assert!(
            line.ends_with("loaded, without an instance: each is made with settings"),
            "{text}"
        );
    }
    let cash = text.lines().find(|line| line.trim_start().starts_with("cash")).unwrap();
    assert!(cash.ends_with("loaded"), "{text}");
    assert!(report.into_result().is_ok());
    let manager =
        plugo::PluginManager::builder("settings").table(&payment::PLUGINS).build().unwrap();
    let report = manager.load("stripe").unwrap();
    assert!(matches!(report.state(), State::Loaded));
}

#[test]
fn settings_a_probe_needs_them() {
    let known = plugin_types();
    let known = known.iter().find(|known| known.info().name() == "settings-payment").unwrap();
    let stripe = known.items().iter().find(|item| item.plugin().name() == "stripe").unwrap();
    assert!(stripe.probe(kwargs! {}).result.is_err());
    let probed = form_of("stripe")
        .construct(&account(), Kwargs::new(), |kwargs| stripe.probe(kwargs).result);
    assert!(probed.unwrap().is_ok());
}

#[test]
fn settings_without_the_feature_say_which_one() {
    let item = r#"
#[plugo::plugin_type]
pub trait Payment: Send + Sync {
    fn pay(&self);
}
pub struct Account;
#[plugo::plugin(name = "stripe", of = dyn Payment, settings = Account, new = Stripe::new(settings: &Account))]
pub struct Stripe;
impl Stripe {
    fn new(_: &Account) -> Self {
        Stripe
    }
}
impl Payment for Stripe {
    fn pay(&self) {}
}
"#;
    let project = Project::buildable("settings-off")
        .file("src/main.rs", "plugo::plugins!();\nfn main() {}\n")
        .plugin_crate("stripe", "", item);
    let run = Run::of(&mut cargo(project.dir(), &["check"]));
    let message = "items have settings with the feature `settings` of plugo";
    assert!(!run.success && run.stderr.contains(message), "{}", run.stderr);
}
