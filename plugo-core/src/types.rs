use std::any::{Any, TypeId};
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::copies::{Copies, Row};
use crate::environment::{disabled_in, listed};
use crate::failure::Failure;
use crate::item::{AnyItem, Status, TypeInfo};
use crate::kwargs::Kwargs;
use crate::overrides::{Overrides, UnknownItem};
use crate::registry::tables;
use crate::table::PluginInfo;

/// Every plugin type of the program, with its items. It is gathered from the
/// tables when it is first asked for.
pub(crate) struct Types {
    pub(crate) types: Vec<Type>,
    /// What holds now, for all types in one row: see [`Type::at`].
    pub(crate) row: Copies,
    overrides: Mutex<Overrides>,
}

/// A type and its items, by name.
pub(crate) struct Type {
    pub(crate) id: TypeId,
    pub(crate) info: &'static TypeInfo,
    pub(crate) items: Vec<Candidate>,
    /// Where its numbers stand in the row: the first item of the selection, then
    /// every item by priority, then name, and then every item by name alone.
    at: usize,
}

/// One item, as its code has it.
pub(crate) struct Candidate {
    /// The plugin's name, which the table would have to look up.
    pub(crate) name: &'static str,
    pub(crate) plugin: PluginInfo,
    pub(crate) entry: &'static dyn AnyItem,
    /// Whether it has settings, without which it cannot be made.
    pub(crate) has_settings: bool,
    /// Whether the environment took it away, which no override undoes.
    barred: bool,
}

/// One number of the row: an item, with what holds for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ranked {
    pub(crate) index: usize,
    pub(crate) status: Status,
    pub(crate) priority: i32,
}

/// So many items of a type are gone through for a name.
const SCANNED: usize = 16;

/// In the place of a selected item: there is none.
const NONE: u64 = u64::MAX;

impl Ranked {
    fn pack(self) -> u64 {
        let status = Status::ALL.iter().position(|status| *status == self.status);
        let (index, status) = (self.index as u64, status.unwrap_or_default() as u64);
        index << 34 | status << 32 | u64::from(self.priority.cast_unsigned())
    }

    fn unpack(number: u64) -> Self {
        Ranked {
            index: (number >> 34) as usize,
            status: Status::ALL[(number >> 32 & 3) as usize],
            priority: (number as u32).cast_signed(),
        }
    }
}

pub(crate) fn types() -> &'static Types {
    static TYPES: OnceLock<Types> = OnceLock::new();
    TYPES.get_or_init(Types::gather)
}

impl Types {
    fn gather() -> Self {
        let mut types: Vec<Type> = Vec::new();
        for plugin in tables().into_iter().flat_map(|table| table.iter()) {
            let Some(entry) = plugin.kind().as_item() else { continue };
            let id = entry.type_id();
            let at = types.iter().position(|known| known.id == id).unwrap_or_else(|| {
                let info = entry.plugin_type();
                types.push(Type { id, info, items: Vec::new(), at: 0 });
                types.len() - 1
            });
            let items = &mut types[at].items;
            // Two apps in one program may share a plugin.
            let identity = plugin.identity();
            let same = |item: &Candidate| item.plugin.identity() == identity;
            if !items.iter().any(same) {
                let barred = disabled_in(&listed(), plugin.namespace());
                let barred = barred.iter().any(|name| name == plugin.name());
                let (name, has_settings) = (plugin.name(), entry.settings().is_some());
                items.push(Candidate { name, plugin, entry, has_settings, barred });
            }
        }
        types.sort_by_key(|known| (known.info.name(), known.info.package(), known.info.place()));
        let mut at = 0;
        for known in &mut types {
            known.items.sort_by_key(|item| (item.name, item.plugin.namespace()));
            known.at = at;
            at += 1 + 2 * known.items.len();
        }
        let row = Copies::new(&row(&types, &Overrides::new()));
        Types { types, row, overrides: Mutex::new(Overrides::new()) }
    }

    pub(crate) fn get(&self, id: TypeId) -> Option<&Type> {
        self.types.iter().find(|known| known.id == id)
    }

    fn overrides(&self) -> MutexGuard<'_, Overrides> {
        self.overrides.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index of the item that is first in the selection, and the number of
    /// the replacement of the row that says so.
    pub(crate) fn first(&self, of: &Type) -> (u64, Option<usize>) {
        self.row.read_numbered(|row| of.first(row))
    }

    /// An item, with what holds for it.
    pub(crate) fn ranked_at(&self, of: &Type, index: usize) -> Ranked {
        self.row.read(|row| of.by_name(row, index))
    }

    /// The items of a type by priority, then name, with what holds for them.
    pub(crate) fn ranked(&self, of: &Type) -> Vec<Ranked> {
        self.row.read(|row| of.ranked(row))
    }
}

impl Type {
    #[inline]
    fn first(&self, row: Row<'_>) -> Option<usize> {
        match row.get(self.at) {
            NONE => None,
            number => Some((number >> 34) as usize),
        }
    }

    fn ranked(&self, row: Row<'_>) -> Vec<Ranked> {
        (1..=self.items.len()).map(|i| Ranked::unpack(row.get(self.at + i))).collect()
    }

    /// The items of that name: several, where several namespaces have one.
    pub(crate) fn named(&self, name: &str) -> Range<usize> {
        let start = match self.items.len() {
            // Most names differ in their length: to go through a few costs less.
            ..=SCANNED => self.items.iter().position(|item| item.name == name),
            _ => Some(self.items.partition_point(|item| item.name < name)),
        };
        let Some(start) = start else { return 0..0 };
        let same = self.items[start..].iter().take_while(|item| item.name == name).count();
        start..start + same
    }

    /// The candidates, the first choice first: active ones, and then those in
    /// reserve. `ranked` is by priority, then name.
    pub(crate) fn selection(&self, ranked: &[Ranked]) -> impl Iterator<Item = Ranked> {
        let of = |status| {
            let is_candidate = move |ranked: &Ranked| {
                ranked.status == status && !self.items[ranked.index].has_settings
            };
            ranked.iter().copied().filter(is_candidate)
        };
        of(Status::Active).chain(of(Status::Reserve))
    }

    fn by_name(&self, row: Row<'_>, index: usize) -> Ranked {
        Ranked::unpack(row.get(self.at + 1 + self.items.len() + index))
    }
}

/// The numbers of all types.
fn row(types: &[Type], overrides: &Overrides) -> Vec<u64> {
    let mut numbers = Vec::new();
    for known in types {
        let by_name: Vec<Ranked> = known.items.iter().enumerate().map(rank(overrides)).collect();
        let mut ranked = by_name.clone();
        // The items stand by name, and the sort is stable.
        ranked.sort_by_key(|ranked| ranked.priority);
        numbers.push(known.selection(&ranked).next().map_or(NONE, Ranked::pack));
        numbers.extend(ranked.into_iter().chain(by_name).map(Ranked::pack));
    }
    numbers
}

fn rank(overrides: &Overrides) -> impl Fn((usize, &Candidate)) -> Ranked {
    move |(index, item)| {
        let (status, priority) = overrides.get(item.plugin.namespace(), item.name);
        let status = if item.barred { Some(Status::Disabled) } else { status };
        Ranked {
            index,
            status: status.unwrap_or_else(|| item.entry.status()),
            priority: priority.unwrap_or_else(|| item.plugin.priority()),
        }
    }
}

/// The status that holds for a plugin, if it is an item.
pub(crate) fn status(plugin: PluginInfo) -> Option<Status> {
    let entry = plugin.kind().as_item()?;
    let types = types();
    let held = types.get(entry.type_id()).and_then(|of| {
        let identity = plugin.identity();
        let same = |item: &Candidate| item.plugin.identity() == identity;
        let index = of.items.iter().position(same)?;
        Some(types.ranked_at(of, index))
    });
    // Without a collection of tables nothing can override what the code says.
    Some(held.map_or_else(|| entry.status(), |ranked| ranked.status))
}

/// Puts overrides in force, in place of all those before, and gives back those
/// that mean no item of this program.
///
/// Every lookup that starts afterwards goes by them, and every one before or
/// meanwhile by those before or by these, over all types at once. What
/// `DISABLED_PLUGINS` took away stays away. Shared instances that there are stay;
/// items that are disabled here are not loaded from now on, by a manager or by
/// [`load_plugins`](crate::load_plugins).
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Overrides, Status};
/// for unknown in plugo::set_overrides(Overrides::new().status("sms", Status::Disabled)) {
///     eprintln!("warning: {unknown}");
/// }
/// ```
pub fn set_overrides(overrides: Overrides) -> Vec<UnknownItem> {
    let types = types();
    let plugins = types.types.iter().flat_map(|known| &known.items).map(|item| item.plugin);
    let names: Vec<_> = plugins.map(|plugin| plugin.full_name()).collect();
    let unknown = overrides.unknown(&names);
    // The lock keeps the two in step when two threads are here.
    let mut current = types.overrides();
    types.row.replace(|| row(&types.types, &overrides));
    *current = overrides;
    unknown
}

/// A copy of the overrides that are in force: at first none.
///
/// What another thread sets between this and [`set_overrides`] is lost.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::Status;
/// let more = plugo::overrides().status("sms", Status::Reserve);
/// plugo::set_overrides(more);
/// assert_eq!(plugo::overrides().len(), 1);
/// ```
pub fn overrides() -> Overrides {
    types().overrides().clone()
}

/// The plugin types that have an item in this program, by name, as far as they
/// can be known without their traits. All of it is of one moment.
///
/// ```
/// # use plugo_core as plugo;
/// for known in plugo::plugin_types() {
///     println!("{}: {}", known.info().name(), known.info().description());
///     for item in known.items() {
///         println!("  {} {} {}", item.plugin().name(), item.status(), item.priority());
///     }
/// }
/// ```
pub fn plugin_types() -> Vec<TypeReport> {
    let types = types();
    let report = |known: &'static Type, row: Row<'_>| TypeReport {
        info: known.info,
        items: known
            .ranked(row)
            .into_iter()
            .map(|ranked| ItemReport { item: &known.items[ranked.index], ranked })
            .collect(),
        first: known.first(row),
    };
    // All of it is of one moment.
    types.row.read(|row| types.types.iter().map(|known| report(known, row)).collect())
}

/// A plugin type and its items, as they were when [`plugin_types`] was called.
///
/// ```
/// # use plugo_core as plugo;
/// for known in plugo::plugin_types() {
///     let selected = known.selected().map_or("nothing", |item| item.plugin().name());
///     println!("{}: {selected} of {} items", known.info().name(), known.items().len());
/// }
/// ```
#[derive(Clone, Debug)]
pub struct TypeReport {
    info: &'static TypeInfo,
    items: Vec<ItemReport>,
    first: Option<usize>,
}

impl TypeReport {
    /// What is known about the type.
    pub fn info(&self) -> &'static TypeInfo {
        self.info
    }

    /// Its items by priority, then name, whatever their status.
    pub fn items(&self) -> &[ItemReport] {
        &self.items
    }

    /// The item that comes first in the selection: the one that is selected, unless
    /// the type has a selector of its own. `None` where each is disabled or has
    /// settings.
    pub fn selected(&self) -> Option<&ItemReport> {
        self.items.iter().find(|item| Some(item.ranked.index) == self.first)
    }
}

/// An item of a plugin type, as it was when [`plugin_types`] was called.
///
/// ```
/// # use plugo_core as plugo;
/// fn line(item: &plugo::ItemReport) -> String {
///     let changed = item.status() != item.declared_status()
///         || item.priority() != item.plugin().priority();
///     let mark = if changed { " (overridden)" } else { "" };
///     format!("{}: {}, {}{mark}", item.plugin().name(), item.status(), item.priority())
/// }
/// ```
#[derive(Clone, Copy)]
pub struct ItemReport {
    item: &'static Candidate,
    ranked: Ranked,
}

impl ItemReport {
    /// The plugin that the item is; its priority is the one that the code says.
    pub fn plugin(&self) -> PluginInfo {
        self.item.plugin
    }

    /// The status that holds, by the code, an override or `DISABLED_PLUGINS`.
    pub fn status(&self) -> Status {
        self.ranked.status
    }

    /// The priority that holds, by the code or an override; the lower number comes
    /// first.
    pub fn priority(&self) -> i32 {
        self.ranked.priority
    }

    /// The status that the code says.
    pub fn declared_status(&self) -> Status {
        self.item.entry.status()
    }

    /// The form of its settings, where it has some: whatever
    /// `#[plugin(settings = …)]` left, which the core carries and does not look at.
    /// With the feature `settings` of plugo, it is a `plugo::settings::Form`.
    ///
    /// Such an item is no candidate of the selection, and loading makes no instance
    /// of it: each is made with settings of its own.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// for item in plugo::plugin_types().iter().flat_map(|known| known.items()) {
    ///     if item.settings().is_some() {
    ///         println!("{} has settings", item.plugin().name());
    ///     }
    /// }
    /// ```
    pub fn settings(&self) -> Option<&'static (dyn Any + Sync)> {
        self.item.entry.settings()
    }

    /// Constructs the item with these arguments, drops it again, and tells whether
    /// that worked and how long it took. An item with settings needs them among the
    /// arguments, as `settings`.
    ///
    /// It is a fresh instance: the shared one is neither made nor touched. What is
    /// disabled can be probed too. It takes as long as the constructor does.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// for item in plugo::plugin_types().iter().flat_map(|known| known.items()) {
    ///     let probe = item.probe(plugo::kwargs! {});
    ///     println!("{}: {:?} in {:?}", item.plugin().name(), probe.result, probe.took);
    /// }
    /// ```
    pub fn probe(&self, mut kwargs: Kwargs<'_>) -> Probe {
        let start = Instant::now();
        let result = self.item.entry.try_create(&mut kwargs);
        Probe { took: start.elapsed(), result }
    }
}

impl fmt::Debug for ItemReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemReport")
            .field("name", &self.plugin().name())
            .field("status", &self.status())
            .field("priority", &self.priority())
            .finish_non_exhaustive()
    }
}

/// What came of constructing an item: [`ItemReport::probe`].
///
/// ```
/// # use plugo_core as plugo;
/// use std::time::Duration;
/// fn is_well(probe: &plugo::Probe) -> bool {
///     probe.result.is_ok() && probe.took < Duration::from_millis(500)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Probe {
    /// Whether it can be constructed.
    ///
    /// [`Failure::Argument`] where the arguments do not do, [`Failure::Error`] and
    /// [`Failure::Panic`] from the constructor (a panic also from dropping what it
    /// made), [`Failure::Circle`] where a constructor probes its own item.
    pub result: Result<(), Failure>,
    /// How long that took, with dropping it.
    pub took: Duration,
}
