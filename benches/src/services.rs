use crate::workload::Workload;

/// One implementation among several, of which a program selects one: beside
/// each plugin of a [`Workload`] there is one, of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name.
    pub name: String,
    /// Whether it may be selected.
    pub status: Status,
    /// The lower number comes first.
    pub priority: i32,
    /// What a call of it mixes into a number.
    pub seed: u64,
}

/// Whether a service may be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It is selected before all in reserve.
    Active,
    /// It is selected where no active one is left.
    Reserve,
    /// It is never selected.
    Disabled,
}

/// What an operator says of a service, over what its code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The service's name.
    pub name: String,
    /// The status that holds.
    pub status: Status,
    /// The priority that holds.
    pub priority: i32,
}

impl Workload {
    /// The services, in the order of their names. A third of them is in
    /// reserve, and some share a priority, so that the name decides.
    pub fn services(&self) -> Vec<Service> {
        let service = |plugin: &crate::Plugin| Service {
            name: plugin.name.clone(),
            status: match plugin.seed % 3 {
                0 => Status::Reserve,
                _ => Status::Active,
            },
            priority: (plugin.seed / 3 % 5) as i32,
            seed: plugin.seed,
        };
        self.plugins.iter().map(service).collect()
    }
}

/// The first choice: an active one before one in reserve, then by priority,
/// then by name.
pub fn first_choice<'n, T>(
    services: impl IntoIterator<Item = (&'n str, Status, i32, T)>,
) -> Option<T> {
    services
        .into_iter()
        .filter(|(_, status, ..)| *status != Status::Disabled)
        .min_by_key(|(name, status, priority, _)| (*status, *priority, *name))
        .map(|(.., service)| service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_active_one_comes_first_then_priority_then_the_name() {
        use Status::{Active, Disabled, Reserve};
        let first = |services: &[(&'static str, Status, i32)]| {
            first_choice(
                services.iter().map(|&(name, status, priority)| (name, status, priority, name)),
            )
        };
        let mail = ("mail", Reserve, -5);
        assert_eq!(first(&[mail, ("voice", Active, 2), ("sms", Active, 1)]), Some("sms"));
        assert_eq!(first(&[mail, ("voice", Active, 1), ("sms", Active, 1)]), Some("sms"));
        assert_eq!(first(&[mail, ("voice", Disabled, 1)]), Some("mail"));
        assert_eq!(first(&[("voice", Disabled, 1)]), None);
    }

    #[test]
    fn services_differ_in_status_and_share_priorities() {
        let services = Workload::new(10).services();
        let of = |status| services.iter().filter(|service| service.status == status).count();
        assert!(of(Status::Active) > 2 && of(Status::Reserve) > 0 && of(Status::Disabled) == 0);
        assert!((0..5).any(|n| services.iter().filter(|s| s.priority == n).count() > 1));
    }
}
