//! The app's side of `plugo dev --patch`: it hears of code that was compiled
//! anew, takes it in, and lets the plugins begin anew that are made of it.
//!
//! What is said goes over the Unix socket that `PLUGO_PATCH` names, in lines of
//! JSON. The app begins, with what tells the addresses in the running process
//! from those in the program's file:
//!
//! ```text
//! app        {"aslr_reference": 94105}
//! plugo dev  {"lib": "…/patch-1.so", "map": {"4711": 815}, …}    a jump table: old entry points, new ones
//! app        {"patched": ["blog"]}, {"failed": "…"} or {"refused": "…"}
//! ```

#[cfg(not(debug_assertions))]
compile_error!(
    "the feature `patch` of `plugo-reload` (`reload-patch` of `plugo`) is for `plugo dev --patch` \
     alone, which turns it on itself: remove it from Cargo.toml, and nothing of it is in a release"
);

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod client;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod code;

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use plugo_core::{IntoValue, PluginInfo};

use crate::error::ReloadError;
use crate::shared::Shared;

/// The reloaders of this program.
static ALL: Mutex<Vec<Weak<dyn Patched>>> = Mutex::new(Vec::new());

/// A reloader, whatever it puts together.
trait Patched: Send + Sync {
    fn plugins(&self) -> Vec<PluginInfo>;

    /// Plugins begin anew, as far as they run.
    fn renew(&self, plugins: &[&'static str]) -> Result<(), ReloadError>;
}

impl<P, G> Patched for Shared<P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    fn plugins(&self) -> Vec<PluginInfo> {
        self.manager.plugins().collect()
    }

    fn renew(&self, plugins: &[&'static str]) -> Result<(), ReloadError> {
        Shared::renew(self, plugins).map(drop)
    }
}

/// From now on the plugins of this reloader can be patched. It is kept alive
/// by nothing here.
pub(crate) fn follow<P, G>(reloader: &Arc<Shared<P, G>>)
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    let reloader: Weak<Shared<P, G>> = Arc::downgrade(reloader);
    let mut all = all();
    all.push(reloader);
    if all.len() == 1 {
        drop(all);
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        client::start();
    }
}

fn all() -> MutexGuard<'static, Vec<Weak<dyn Patched>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}
