use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::entry::{EntryPoint, Kind};
use crate::failure::Failure;
use crate::item::Status;
use crate::kwargs::Kwargs;
use crate::lifecycle::{Instance, Phase};
use crate::state::{DisabledBy, State};
use crate::step::{Kept, Pending, Progress, Step};
use crate::table::PluginInfo;
use crate::types::status;
use crate::unwind::catch;
use crate::waits::{Node, within};

/// Why a plugin is disabled whose own condition did not hold.
pub(crate) const CONDITION_WAS_FALSE: &str = "Load condition for plugin was false";

/// What is done about a plugin that is `async`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Async {
    Awaited,
    Refused,
}

/// How a plugin that did not come up ended.
pub(crate) enum Ended {
    Disabled(DisabledBy, Cow<'static, str>),
    Failed(Phase, Failure),
}

impl From<Ended> for State {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Disabled(by, reason) => State::disabled(by, reason),
            Ended::Failed(phase, failure) => State::failed(phase, failure),
        }
    }
}

/// What a plugin that came up leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Up {
    pub(crate) instance: Option<Instance>,
    pub(crate) value: Kept,
}

/// What a plugin left, while it is on its way. It is dropped as the plugin's
/// own work, whenever that is: it may panic then, and may ask the manager.
pub(crate) struct Held {
    pub(crate) node: Node,
    pub(crate) up: Up,
}

impl Held {
    pub(crate) fn take(&mut self) -> Up {
        std::mem::take(&mut self.up)
    }

    pub(crate) fn leave(&mut self) -> Result<(), Failure> {
        let up = self.take();
        within(self.node, || catch(|| drop(up)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Nobody is there any more to hear of a panic.
        let _ = self.leave();
    }
}

/// Looks on while a plugin comes up, and may end it.
pub(crate) trait Watch {
    fn before(&mut self, _phase: Phase, _up: &Up) -> Result<(), Ended> {
        Ok(())
    }
    fn after(&mut self, _phase: Phase, _up: &Up) -> Result<(), Ended> {
        Ok(())
    }
}

/// Nobody looks on.
pub(crate) struct Unwatched;

impl Watch for Unwatched {}

/// Brings a plugin up, phase by phase: makes its instance, asks whether it
/// loads here, and loads it.
///
/// What a plugin that did not come up leaves is dropped here. One that was
/// ended after its load has to be stopped first, and comes back for that.
pub(crate) async fn bring_up<W: Watch>(
    plugin: PluginInfo,
    kwargs: &mut Kwargs<'_>,
    node: Node,
    mode: Async,
    watch: &mut W,
) -> Result<Up, (Ended, Option<Up>)> {
    if status(plugin) == Some(Status::Disabled) {
        let reason = "it is \"disabled\"".into();
        return Err((Ended::Disabled(DisabledBy::Status, reason), None));
    }
    let mut held = Held { node, up: Up::default() };
    let mut phase = Phase::Init;
    let call = PluginCall { plugin, kwargs, node, mode };
    let Err(ended) = call.run(watch, &mut held.up, &mut phase).await else {
        return match watch.after(Phase::Load, &held.up) {
            Ok(()) => Ok(held.take()),
            Err(ended) => Err((ended, Some(held.take()))),
        };
    };
    let ended = match (held.leave(), ended) {
        (Err(failure), Ended::Disabled(..)) => Ended::Failed(phase, failure),
        // The first failure is the one to look at.
        (_, ended) => ended,
    };
    Err((ended, None))
}

/// The calls that bring a plugin up.
struct PluginCall<'c, 'a> {
    plugin: PluginInfo,
    kwargs: &'c mut Kwargs<'a>,
    node: Node,
    mode: Async,
}

impl PluginCall<'_, '_> {
    /// Everything up to the end of the load. `up` has what was made so far, and
    /// `phase` says how far it came.
    async fn run(
        self,
        watch: &mut impl Watch,
        up: &mut Up,
        phase: &mut Phase,
    ) -> Result<(), Ended> {
        let PluginCall { plugin, kwargs, node, mode } = self;
        let (entry, kind) = (plugin.entry(), plugin.kind());
        watch.before(Phase::Init, up)?;
        up.instance = match kind {
            Kind::Function | Kind::Conditional(_) => None,
            Kind::Fixed(_) => kind.as_fixed(),
            Kind::Made(create) => {
                let made = within(node, || catch(|| create(kwargs))).and_then(|made| made);
                Some(Instance::Made(made.map_err(|failure| Ended::Failed(Phase::Init, failure))?))
            }
            // Each instance is made with settings of its own, so there is none to share.
            Kind::Item(item) if item.0.settings().is_some() => None,
            Kind::Item(item) => {
                let shared = within(node, || item.0.share(kwargs));
                shared.map_err(|failure| Ended::Failed(Phase::Init, failure))?;
                None
            }
        };
        watch.after(Phase::Init, up)?;
        if !matches!(kind, Kind::Function | Kind::Item(_)) {
            *phase = Phase::Condition;
            watch.before(Phase::Condition, up)?;
            let holds = match (kind, &up.instance) {
                (Kind::Conditional(conditional), _) => {
                    let holds = within(node, || catch(|| (conditional.should_load)(kwargs)));
                    holds.and_then(|holds| holds)
                }
                (_, Some(instance)) => {
                    let plugin = instance.plugin();
                    let step = within(node, || catch(|| plugin.should_load(kwargs)));
                    finish(step, node, mode).await
                }
                (_, None) => Ok(true),
            };
            if !holds.map_err(|failure| Ended::Failed(Phase::Condition, failure))? {
                return Err(Ended::Disabled(DisabledBy::Plugin, CONDITION_WAS_FALSE.into()));
            }
            watch.after(Phase::Condition, up)?;
        }
        *phase = Phase::Load;
        watch.before(Phase::Load, up)?;
        let step = match (kind, &up.instance) {
            (Kind::Function, _) => within(node, || catch(|| entry(Some(kwargs)).into_step())),
            (Kind::Conditional(conditional), _) => {
                within(node, || catch(|| (conditional.init)(kwargs)))
            }
            (_, Some(instance)) => {
                let plugin = instance.plugin();
                within(node, || catch(|| plugin.load(kwargs)))
            }
            (_, None) => Ok(Step::done(Ok(Kept::default()))),
        };
        let loaded = finish(step, node, mode).await;
        up.value = loaded.map_err(|failure| Ended::Failed(Phase::Load, failure))?;
        Ok(())
    }
}

/// Brings up a plugin that is a function, with nobody looking on.
pub(crate) async fn call(
    entry: EntryPoint,
    kwargs: &mut Kwargs<'_>,
    node: Node,
    mode: Async,
) -> Result<Up, Failure> {
    let value = match within(node, || catch(|| entry(Some(kwargs)).into_step())) {
        Ok(Step(Progress::Done(result))) => result?,
        step => finish(step, node, mode).await?,
    };
    Ok(Up { instance: None, value })
}

/// Calls a plugin's `stop`.
pub(crate) async fn stop(
    up: &Up,
    kwargs: &mut Kwargs<'_>,
    node: Node,
    mode: Async,
) -> Result<(), Failure> {
    let Some(instance) = &up.instance else { return Ok(()) };
    let plugin = instance.plugin();
    let step = within(node, || catch(|| plugin.stop(kwargs)));
    finish(step, node, mode).await.map(drop)
}

/// The end of a call: at once, or awaited where that is meant. A panic is a
/// failure like any other.
async fn finish<T>(
    step: Result<Step<'_, T>, Failure>,
    node: Node,
    mode: Async,
) -> Result<T, Failure> {
    let mut work = match step?.0 {
        Progress::Done(result) => return result,
        Progress::Pending(future) => Work { node, future: Some(future) },
    };
    if mode == Async::Refused {
        // It has not begun; what it holds is dropped.
        work.leave()?;
        return Err(Failure::Async);
    }
    poll_fn(|context| work.poll(context)).await
}

/// An async call into a plugin. All that becomes of it, its end before its
/// time too, is the plugin's own work.
struct Work<'f, T> {
    node: Node,
    future: Option<Pending<'f, T>>,
}

impl<T> Work<'_, T> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<T, Failure>> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        let polled = within(self.node, || catch(|| future.as_mut().poll(context)));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => result,
            Err(failure) => Err(failure),
        };
        Poll::Ready(match (self.leave(), result) {
            (Err(failure), Ok(_)) => Err(failure),
            (_, result) => result,
        })
    }

    fn leave(&mut self) -> Result<(), Failure> {
        let future = self.future.take();
        within(self.node, || catch(|| drop(future)))
    }
}

impl<T> Drop for Work<'_, T> {
    fn drop(&mut self) {
        // Nobody is there any more to hear of a panic.
        let _ = self.leave();
    }
}

/// Runs a future that never waits.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("where async plugins are refused, nothing is awaited"),
    }
}
