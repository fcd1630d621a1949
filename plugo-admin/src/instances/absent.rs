use plugo_core::{PluginType, Status, items};

use crate::board::{Board, BoardType};
use crate::instance_error::InstanceError;
use crate::model::full_name;
use crate::snapshot::{SnapshotInstance, SnapshotType};

/// The type, as the lookups know it.
pub(super) fn find<T: ?Sized + PluginType>(
    board: Option<&Board>,
) -> Result<(&Board, &BoardType), InstanceError> {
    let board = board.ok_or(InstanceError::NotFollowing)?;
    match board.find(T::INFO.name(), T::INFO.package()) {
        Some(of) => Ok((board, of)),
        None => Err(absent::<T>(board, |_, _| true)
            .unwrap_or(InstanceError::UnknownType { plugin_type: T::INFO.name() })),
    }
}

/// Why there is no candidate.
#[cold]
pub(super) fn none<T: ?Sized + PluginType>(board: &Board, of: &BoardType) -> InstanceError {
    let plugin_type = T::INFO.name();
    let is_enabled =
        |_: &str, instance: &SnapshotInstance| instance.status != Some(Status::Disabled);
    match absent::<T>(board, is_enabled) {
        Some(absent) => absent,
        None if of.entries.is_empty() => {
            let is_stored = |stored: &SnapshotType| {
                stored.name == plugin_type && stored.package == T::INFO.package()
            };
            match board.snapshot.types.iter().any(is_stored) {
                false => InstanceError::UnknownType { plugin_type },
                true if of.all_have_settings => {
                    InstanceError::NoInstance { plugin_type, items: of.items.clone() }
                }
                true => InstanceError::NoneLeft { plugin_type },
            }
        }
        None => InstanceError::AllDisabled { plugin_type },
    }
}

/// The error that such an instance is there, and its item is not in this program.
#[cold]
pub(super) fn absent<T: ?Sized + PluginType>(
    board: &Board,
    is_meant: impl Fn(&str, &SnapshotInstance) -> bool,
) -> Option<InstanceError> {
    let (plugin_type, package) = (T::INFO.name(), T::INFO.package());
    let known = items::<T>().all();
    let is_known = |namespace: &str, name: &str| {
        known.iter().any(|item| item.name() == name && item.plugin().namespace() == namespace)
    };
    let of = board.snapshot.types.iter().find(|of| of.name == plugin_type && of.package == package);
    let missing = of.into_iter().flat_map(|of| &of.items).filter(|item| {
        let name = full_name(&item.namespace, &item.name);
        !is_known(&item.namespace, &item.name)
            && item.instances.iter().any(|instance| is_meant(&name, instance))
    });
    let items: Vec<String> = missing.map(|item| full_name(&item.namespace, &item.name)).collect();
    (!items.is_empty()).then_some(InstanceError::NotCompiledIn { plugin_type, items })
}
