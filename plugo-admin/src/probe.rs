use std::time::Duration;

use plugo_core::{ItemReport, Kwargs};
use plugo_settings::Form;

use crate::error::Error;
use crate::model::InstanceRow;
use crate::secrets::Settings;
use crate::site::{Arguments, Site};

/// So long a constructor is waited for.
const LONGEST: Duration = Duration::from_secs(30);

/// The longest text of an error that is shown, in characters.
const LONGEST_TEXT: usize = 4000;

/// Whether an instance can be constructed, by constructing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Constructed {
    /// Why not.
    pub(crate) error: Option<String>,
    /// How long it took; `None` where no constructor was called.
    pub(crate) took: Option<Duration>,
}

impl Constructed {
    fn not(why: impl Into<String>) -> Self {
        Constructed { error: Some(why.into()), took: None }
    }
}

/// Constructs an instance with the arguments of the app, and drops it again.
pub(crate) async fn probe(site: &Site, row: &InstanceRow) -> Result<Constructed, Error> {
    let Some(report) = report(row) else {
        return Ok(Constructed::not(format!("`{}` is not in this program", row.item.full_name())));
    };
    let form = report.settings().and_then(Form::carried);
    let settings = match (&form, report.settings()) {
        (None, Some(_)) => {
            return Ok(Constructed::not(
                "its settings have a form that this program does not know",
            ));
        }
        (None, None) if !row.is_default => {
            return Ok(Constructed::not("its item has no settings in this program"));
        }
        (Some(_), _) if row.is_default => {
            return Ok(Constructed::not("its item needs settings in this program"));
        }
        (None, None) => None,
        (Some(_), _) => match site.store.revealed(row.id).await? {
            None => return Ok(Constructed::not("there is no such instance (any more)")),
            Some(Err(why)) => return Ok(Constructed::not(why.to_string())),
            Some(Ok(settings)) => Some(settings),
        },
    };
    let Ok(permit) = std::sync::Arc::clone(&site.probes).try_acquire_owned() else {
        return Ok(Constructed::not("other constructors are being tried; try again later"));
    };
    let arguments = site.arguments.clone();
    let work = tokio::task::spawn_blocking(move || {
        // It is given back when the constructor has ended, however long that takes.
        let _permit = permit;
        construct(&report, form, settings.as_ref(), &arguments)
    });
    Ok(match tokio::time::timeout(LONGEST, work).await {
        Ok(Ok(constructed)) => constructed,
        Ok(Err(error)) => Constructed::not(format!("its constructor could not be called: {error}")),
        Err(_) => Constructed {
            error: Some(format!("its constructor takes longer than {LONGEST:?}, and goes on")),
            took: Some(LONGEST),
        },
    })
}

fn report(row: &InstanceRow) -> Option<ItemReport> {
    let types = plugo_core::plugin_types();
    let of = types.iter().find(|of| {
        of.info().name() == row.item.of.name && of.info().package() == row.item.of.package
    })?;
    let items = of.items().iter();
    let same = |plugin: plugo_core::PluginInfo| {
        plugin.namespace() == row.item.namespace && plugin.name() == row.item.name
    };
    items.clone().find(|item| same(item.plugin())).cloned()
}

fn construct(
    report: &ItemReport,
    form: Option<&'static Form>,
    settings: Option<&Settings>,
    arguments: &Arguments,
) -> Constructed {
    let probe = |kwargs: Kwargs<'_>| match (form, settings) {
        (Some(form), Some(settings)) => {
            let hidden = settings.sealed();
            form.construct_hiding(settings.reveal(), hidden, kwargs, |kwargs| report.probe(kwargs))
        }
        _ => Ok(report.probe(kwargs)),
    };
    match arguments.with(probe) {
        None => Constructed::not("the app gives no arguments to its plugins here"),
        Some(Err(problems)) => Constructed::not(format!("its settings do not fit: {problems}")),
        Some(Ok(probe)) => {
            let error = probe.result.err().map(|failure| {
                let text = failure.to_string();
                let text = settings.map_or_else(
                    || text.clone(),
                    |settings| settings.hide(form.map(Form::schema), &text),
                );
                text.chars().take(LONGEST_TEXT).collect()
            });
            Constructed { error, took: Some(probe.took) }
        }
    }
}
