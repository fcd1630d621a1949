use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use plugo_core::{BoxError, Failure, Kwargs, PluginType};

use super::absent::{find, none};
use super::{Instance, Instances};
use crate::board::held;
use crate::instance_error::{FailedInstance, InstanceError};

/// What [`Instances::select_with_fallback`] found.
#[non_exhaustive]
pub struct InstanceFallback<T: ?Sized> {
    /// The first candidate that passed.
    pub instance: Instance<T>,
    /// The instance itself, which passed the check.
    pub shared: Arc<T>,
    /// The candidates before it, which did not pass, in the order in which they were
    /// tried.
    pub passed_over: Vec<FailedInstance>,
}

impl<T: ?Sized + PluginType> fmt::Debug for InstanceFallback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceFallback")
            .field("instance", &self.instance)
            .field("passed_over", &self.passed_over)
            .finish_non_exhaustive()
    }
}

impl<T: ?Sized + PluginType> Instances<T> {
    /// The first candidate, in the order of the selection, that can be made and passes
    /// a check of its health; with those that were passed over, and why.
    ///
    /// A type's own selector is not asked. An error or a panic of the check passes the
    /// candidate over. What was passed over is tried again by the next call.
    ///
    /// # Errors
    ///
    /// Those of [`select`](Self::select), and
    /// [`AllFailed`](InstanceError::AllFailed) with the error of each.
    pub fn select_with_fallback<E: Into<BoxError>>(
        self,
        check: impl FnMut(&T) -> Result<(), E>,
    ) -> Result<InstanceFallback<T>, InstanceError> {
        self.fallback_with(Kwargs::new, check)
    }

    /// The first healthy candidate, as
    /// [`select_with_fallback`](Self::select_with_fallback) finds it, with the
    /// arguments for the constructor of each that is not made yet.
    ///
    /// ```no_run
    /// # use plugo_core as plugo;
    /// # use std::sync::Arc;
    /// use plugo::{PluginType, kwargs};
    /// use plugo_admin::{InstanceError, instances};
    /// fn first<T: ?Sized + PluginType>(url: &str) -> Result<Arc<T>, InstanceError> {
    ///     let any = |_: &T| Ok::<(), String>(());
    ///     Ok(instances::<T>().fallback_with(|| kwargs! { url: url }, any)?.shared)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`select_with_fallback`](Self::select_with_fallback).
    pub fn fallback_with<'k, E: Into<BoxError>>(
        self,
        mut kwargs: impl FnMut() -> Kwargs<'k>,
        mut check: impl FnMut(&T) -> Result<(), E>,
    ) -> Result<InstanceFallback<T>, InstanceError> {
        let candidates: Vec<Instance<T>> = {
            let board = held();
            let (board, of) = find::<T>(board.as_deref())?;
            let candidates: Vec<_> = of.candidates().map(Instance::new).collect();
            if candidates.is_empty() {
                return Err(none::<T>(board, of));
            }
            candidates
        };
        let mut passed_over = Vec::new();
        for instance in candidates {
            let healthy = instance.shared_or_made(&mut kwargs).and_then(|shared| {
                let checked = caught(|| check(&shared).map_err(|e| Failure::Error(e.into())));
                checked.map(|()| shared).map_err(|error| instance.failed(error))
            });
            match healthy {
                Ok(shared) => return Ok(InstanceFallback { instance, shared, passed_over }),
                Err(error) => {
                    let (id, instance) = (instance.id(), instance.full_name());
                    let failed = FailedInstance { id, instance, error };
                    // What a subscriber does is not the lookup's to suffer.
                    let _ = caught(|| {
                        tracing::warn!(plugin_type = T::INFO.name(), "{failed}");
                        Ok(())
                    });
                    passed_over.push(failed);
                }
            }
        }
        Err(InstanceError::AllFailed { plugin_type: T::INFO.name(), failed: passed_over })
    }
}

/// A panic is a failure.
fn caught<R>(work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Failure::Panic(text.unwrap_or_else(|| "without a message".to_owned())))
    })
}
