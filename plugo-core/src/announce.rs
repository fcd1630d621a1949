use crate::state::State;
use crate::table::PluginInfo;
#[cfg(feature = "tracing")]
use crate::unwind::catch;

/// Tells the app's subscriber what became of a plugin.
#[cfg(feature = "tracing")]
pub(crate) fn announce(plugin: PluginInfo, state: &State) {
    let (name, version) = (plugin.name(), plugin.version());
    match state {
        State::Loaded => tracing::info!(plugin = name, version, "plugin loaded"),
        State::Stopped => tracing::info!(plugin = name, version, "plugin stopped"),
        State::Disabled { .. } | State::Skipped { by_failure: false, .. } => {
            tracing::info!(plugin = name, version, reason = %state, "plugin not loaded");
        }
        State::Skipped { .. } => {
            tracing::warn!(plugin = name, version, reason = %state, "plugin skipped");
        }
        State::Failed { phase, error, .. } => {
            tracing::error!(plugin = name, version, %phase, %error, "plugin failed");
        }
        State::Resolved | State::Initialised => {}
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn announce(_: PluginInfo, _: &State) {}

/// Whether anybody may hear that a plugin is loaded: one look at one number.
#[cfg(feature = "tracing")]
#[inline]
pub(crate) fn may_hear_loaded() -> bool {
    tracing::Level::INFO <= tracing::level_filters::STATIC_MAX_LEVEL
        && tracing::Level::INFO <= tracing::level_filters::LevelFilter::current()
}

#[cfg(not(feature = "tracing"))]
#[inline]
pub(crate) fn may_hear_loaded() -> bool {
    false
}

/// Tells the app's subscriber that a listener panicked.
#[cfg(feature = "tracing")]
pub(crate) fn announce_panic(plugin: PluginInfo, message: &str) {
    let _ = catch(|| tracing::error!(plugin = plugin.name(), message, "listener panicked"));
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn announce_panic(_: PluginInfo, _: &str) {}
