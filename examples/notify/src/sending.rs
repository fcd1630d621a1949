use notify_channel::{Notifier, Outbox};
use plugo::{Status, kwargs};
use plugo_admin::{Instance, InstanceId, instances};

/// What became of a notification.
pub(crate) struct Sent {
    /// Through which instance it went, if one took it.
    pub(crate) through: Option<String>,
    /// The instances that were tried before, and why they did not.
    pub(crate) passed_over: Vec<String>,
}

/// Who gets a notification through which instances: the user's own choice first, then
/// the active ones, then the reserve.
pub(crate) fn order(choice: Option<InstanceId>) -> (Vec<Instance<dyn Notifier>>, Option<String>) {
    let all = instances::<dyn Notifier>();
    let (own, why_not) = match choice.map(|id| all.by_id(id)) {
        Some(Ok(own)) => (Some(own), None),
        Some(Err(error)) => (None, Some(error.to_string())),
        None => (None, None),
    };
    let mut order: Vec<Instance<dyn Notifier>> = own.into_iter().collect();
    for instance in all.active().into_iter().chain(all.reserve()) {
        if order.iter().all(|known| known.id() != instance.id()) {
            order.push(instance);
        }
    }
    (order, why_not)
}

/// Sends through the first instance that takes it.
pub(crate) fn send(outbox: &Outbox, choice: Option<InstanceId>, to: &str, text: &str) -> Sent {
    let (order, why_not) = order(choice);
    let mut passed_over: Vec<String> = why_not.into_iter().collect();
    for instance in order {
        // Made at its first use, and kept until its settings change.
        let made = instance.shared_with(kwargs! { outbox: outbox }).map_err(|e| e.to_string());
        let sent = made.and_then(|notifier| {
            let sent = notifier.send(to, text);
            sent.map_err(|why| format!("{}: {why}", instance.full_name()))
        });
        match sent {
            Ok(()) => return Sent { through: Some(instance.full_name()), passed_over },
            Err(why) => passed_over.push(why),
        }
    }
    Sent { through: None, passed_over }
}

/// Why an instance is the first.
pub(crate) fn why(first: &Instance<dyn Notifier>) -> String {
    let priority = first.priority();
    match first.status() {
        Status::Active => format!("the first of the active ones, with priority {priority}"),
        _ => format!("none is active, and it is the first in reserve, with priority {priority}"),
    }
}
