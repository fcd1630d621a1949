use std::any::Any;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use plugo_core::IntoValue;
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::{Handle, Signals};

use crate::error::ReloadError;
use crate::gate::Gate;
use crate::reloaded::Reloaded;
use crate::reloader::Reloader;
use crate::snapshot::Changes;

/// Reloads on SIGHUP until it is dropped. From then on SIGHUP does nothing: it does
/// not end the process either, as it would have before, since nobody else can be
/// told from whoever relies on that.
#[derive(Debug)]
#[must_use = "when it is dropped, SIGHUP reloads nothing"]
pub struct SignalGuard {
    handle: Handle,
    gate: Arc<Gate>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for SignalGuard {
    fn drop(&mut self) {
        let is_inside = self.gate.close();
        self.handle.close();
        // A reload that hangs is not waited for.
        if let Some(thread) = self.thread.take().filter(|_| !is_inside) {
            let _ = thread.join();
        }
    }
}

impl<P, G> Reloader<P, G>
where
    P: Any + Send + Sync,
    G: Send + Sync + 'static,
    for<'p> &'p mut P: IntoValue<'p>,
{
    /// Reloads when the process gets SIGHUP, which then does not end it, and never
    /// does any more.
    ///
    /// # Errors
    ///
    /// What the system says against it.
    pub fn on_sighup(
        &self,
        tell: impl FnMut(Result<Reloaded, ReloadError>) + Send + 'static,
    ) -> io::Result<SignalGuard> {
        let mut signals = Signals::new([SIGHUP])?;
        let handle = signals.handle();
        let mut reload = self.create_reload_callback(tell);
        let gate: Arc<Gate> = Arc::default();
        let inside = Arc::clone(&gate);
        let thread =
            std::thread::Builder::new().name("plugo-sighup".to_owned()).spawn(move || {
                for _ in signals.forever() {
                    inside.pass(|| (), || reload(&Changes::none()));
                }
            })?;
        Ok(SignalGuard { handle, gate, thread: Some(thread) })
    }
}
