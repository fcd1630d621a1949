use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::entry::Kind;
use crate::failure::Failure;
use crate::item::Status;
use crate::kwargs::Kwargs;
use crate::lifecycle::{Instance, Phase};
use crate::state::{DisabledBy, State};
use crate::step::{Kept, Step};
use crate::table::PluginInfo;
use crate::types::status;
use crate::unwind::catch;
use crate::waits::{Node, within};

/// Why a plugin is disabled whose own condition did not hold.
pub(crate) const CONDITION_WAS_FALSE: &str = "Load condition for plugin was false";

/// What is done about a plugin that is `async`.
#[derive(Clone, Copy, PartialEq)]
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
/// When it ends after its load, it is stopped again.
pub(crate) async fn bring_up<W: Watch>(
    plugin: PluginInfo,
    kwargs: &mut Kwargs<'_>,
    node: Node,
    mode: Async,
    watch: &mut W,
) -> Result<Up, Ended> {
    let entry = plugin.entry();
    if status(plugin) == Some(Status::Disabled) {
        return Err(Ended::Disabled(DisabledBy::Status, "it is \"disabled\"".into()));
    }
    let mut up = Up::default();
    watch.before(Phase::Init, &up)?;
    up.instance = match &entry.0 {
        Kind::Function(_) | Kind::Conditional(_) => None,
        Kind::Fixed(_) => entry.as_fixed(),
        Kind::Made(create) => {
            let made = within(node, || catch(|| create(kwargs))).and_then(|made| made);
            Some(Instance::Made(made.map_err(|failure| Ended::Failed(Phase::Init, failure))?))
        }
        Kind::Item(item) => {
            let shared = within(node, || item.0.share(kwargs));
            shared.map_err(|failure| Ended::Failed(Phase::Init, failure))?;
            None
        }
    };
    watch.after(Phase::Init, &up)?;
    if !matches!(&entry.0, Kind::Function(_) | Kind::Item(_)) {
        watch.before(Phase::Condition, &up)?;
        let holds = match (&entry.0, &up.instance) {
            (Kind::Conditional(conditional), _) => {
                within(node, || catch(|| (conditional.should_load)(kwargs))).and_then(|holds| holds)
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
        watch.after(Phase::Condition, &up)?;
    }
    watch.before(Phase::Load, &up)?;
    let step = match (&entry.0, &up.instance) {
        (Kind::Function(init), _) => within(node, || catch(|| init(kwargs))),
        (Kind::Conditional(conditional), _) => {
            within(node, || catch(|| (conditional.init)(kwargs)))
        }
        (_, Some(instance)) => {
            let plugin = instance.plugin();
            within(node, || catch(|| plugin.load(kwargs)))
        }
        (_, None) => Ok(Step::Done(Ok(Kept::default()))),
    };
    let loaded = finish(step, node, mode).await;
    up.value = loaded.map_err(|failure| Ended::Failed(Phase::Load, failure))?;
    match watch.after(Phase::Load, &up) {
        Ok(()) => Ok(up),
        Err(ended) => match bring_down(up, kwargs, node, mode).await {
            Ok(()) => Err(ended),
            Err(failure) => Err(Ended::Failed(Phase::Stop, failure)),
        },
    }
}

/// Stops a plugin and drops what it left.
pub(crate) async fn bring_down(
    up: Up,
    kwargs: &mut Kwargs<'_>,
    node: Node,
    mode: Async,
) -> Result<(), Failure> {
    let stopped = stop(&up, kwargs, node, mode).await;
    let dropped = within(node, || catch(|| drop(up)));
    stopped.and(dropped)
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
    match (step?, mode) {
        (Step::Done(result), _) => result,
        (Step::Pending(future), Async::Refused) => {
            // What the future holds may panic when it is dropped.
            within(node, || catch(|| drop(future)))?;
            Err(Failure::Async)
        }
        (Step::Pending(future), Async::Awaited) => {
            let mut future = Some(future);
            poll_fn(move |context| {
                let poll = || {
                    let polled = future.as_mut().map(|future| future.as_mut().poll(context));
                    if matches!(polled, Some(Poll::Ready(_))) {
                        future = None;
                    }
                    polled.unwrap_or(Poll::Pending)
                };
                let polled = within(node, || catch(poll));
                polled.unwrap_or_else(|failure| Poll::Ready(Err(failure)))
            })
            .await
        }
    }
}

/// Runs a future that never waits.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("where async plugins are refused, nothing is awaited"),
    }
}
