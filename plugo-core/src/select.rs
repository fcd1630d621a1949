use std::fmt;
use std::sync::Arc;

use crate::bound::{Bound, Last, Selected};
use crate::failure::{BoxError, Failure};
use crate::handle::{Item, PluginType, Selector};
use crate::item::Status;
use crate::kwargs::Kwargs;
use crate::name::DEFAULT_NAMESPACE;
use crate::registry::tables;
use crate::select_error::{FailedItem, SelectError};
use crate::types::Ranked;
use crate::unwind::catch;
use crate::waits::{Node, is_within, within};

/// The shared instance of the item that is selected: what most callers want.
///
/// A type with a selector of its own is asked without arguments;
/// [`Items::select_with`] gives it some. Otherwise, once the item is made, it
/// takes no lock and reads no more than memory.
///
/// ```
/// # use plugo_core as plugo;
/// fn provider<T: ?Sized + plugo::PluginType>() -> Result<&'static T, plugo::SelectError> {
///     plugo::select::<T>()
/// }
/// ```
///
/// # Errors
///
/// - [`SelectError::NoTable`]: the program has no table of plugins.
/// - [`SelectError::NoItem`]: no item of the type is in it.
/// - [`SelectError::AllDisabled`]: each item is disabled.
/// - [`SelectError::NeedSettings`]: each item that is not disabled has settings.
/// - [`SelectError::NoCandidate`]: the type's own selector chose none.
/// - [`SelectError::Selector`]: it failed, panicked, misses an argument, chose
///   what is no candidate, or asked for the selected item itself.
/// - [`SelectError::Construct`]: the constructor failed, panicked, misses an
///   argument, or waits for the item that it makes.
#[inline]
pub fn select<T: ?Sized + PluginType>() -> Result<&'static T, SelectError> {
    if T::SELECTOR.is_none()
        && let Ok(Some(shared)) = T::last().try_with(Last::get)
    {
        return Ok(shared);
    }
    select_anew()
}

/// [`select`], and this thread remembers what it was.
#[cold]
fn select_anew<T: ?Sized + PluginType>() -> Result<&'static T, SelectError> {
    // The way that is taken when all is well; `items` says what is not.
    if T::SELECTOR.is_none()
        && let Some(bound) = T::slot().bound()
        && let (number, Some(first)) = bound.types.first(bound.of)
        && let Some(shared) = bound.entries[first].shared()
    {
        let selected = Selected { row: &bound.types.row, number, shared };
        // Where a thread that ends has no place left, nothing is remembered.
        let _ = T::last().try_with(|last| last.0.set(Some(selected)));
        return Ok(shared);
    }
    items::<T>().select()?.shared()
}

/// The items of a plugin type in this program: for one by name, for all, or for
/// the selected one without making it.
///
/// ```
/// # use plugo_core as plugo;
/// fn list<T: ?Sized + plugo::PluginType>() {
///     for item in plugo::items::<T>().all() {
///         println!("{} is {}", item.name(), item.status());
///     }
/// }
/// ```
pub fn items<T: ?Sized + PluginType>() -> Items<T> {
    Items { bound: T::slot().bound() }
}

/// The items of a plugin type: the selected one, one by name, or all in order.
///
/// Each function looks at what holds when it is called.
///
/// ```
/// # use plugo_core as plugo;
/// fn show<T: ?Sized + plugo::PluginType>() -> Result<(), plugo::SelectError> {
///     let items = plugo::items::<T>();
///     println!("{} is selected", items.select()?.name());
///     println!("{} of {} are active", items.active().len(), items.all().len());
///     for item in items.reserve() {
///         println!("{} is in reserve", item.name());
///     }
///     Ok(())
/// }
/// ```
pub struct Items<T: ?Sized + 'static> {
    bound: Option<&'static Bound<T>>,
}

impl<T: ?Sized + PluginType> Items<T> {
    fn bound(self) -> Result<&'static Bound<T>, SelectError> {
        self.bound.ok_or_else(|| match tables().is_empty() {
            true => SelectError::NoTable { plugin_type: T::INFO.name() },
            false => SelectError::NoItem { plugin_type: T::INFO.name() },
        })
    }

    /// The selected item: the first of the active ones by priority, then name;
    /// where none is active, of those in reserve. A type with a selector of its own
    /// leaves the choice to that. An item with settings is not among them: instances
    /// of it are made with settings of their own.
    ///
    /// Nothing is made for it: that is [`Item::shared`]'s to do.
    ///
    /// # Errors
    ///
    /// - [`SelectError::NoTable`]: the program has no table of plugins.
    /// - [`SelectError::NoItem`]: no item of the type is in it.
    /// - [`SelectError::AllDisabled`]: each item is disabled.
    /// - [`SelectError::NeedSettings`]: each item that is not disabled has settings.
    /// - [`SelectError::NoCandidate`]: the type's own selector chose none.
    /// - [`SelectError::Selector`]: it failed, panicked, misses an argument, chose
    ///   what is no candidate, or asked for the selected item itself.
    pub fn select(self) -> Result<Item<T>, SelectError> {
        self.select_with(Kwargs::new())
    }

    /// The selected item, as [`select`](Self::select) finds it, with arguments for
    /// the type's own selector. Without one they are not looked at.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{Item, PluginType, SelectError, kwargs};
    /// fn in_region<T: ?Sized + PluginType>(region: &str) -> Result<Item<T>, SelectError> {
    ///     plugo::items::<T>().select_with(kwargs! { region: region })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`SelectError::NoTable`]: the program has no table of plugins.
    /// - [`SelectError::NoItem`]: no item of the type is in it.
    /// - [`SelectError::AllDisabled`]: each item is disabled.
    /// - [`SelectError::NeedSettings`]: each item that is not disabled has settings.
    /// - [`SelectError::NoCandidate`]: the type's own selector chose none.
    /// - [`SelectError::Selector`]: it failed, panicked, misses an argument, chose
    ///   what is no candidate, or asked for the selected item itself.
    pub fn select_with(self, mut kwargs: Kwargs<'_>) -> Result<Item<T>, SelectError> {
        let candidates = self.bound()?.candidates()?;
        match T::SELECTOR {
            None => Ok(candidates[0]),
            Some(selector) => chosen_among(selector, &candidates, &mut kwargs),
        }
    }

    /// The item of that name in any namespace, or of that `namespace/name`. One that
    /// is disabled is an error.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{PluginType, SelectError};
    /// fn by_name<T: ?Sized + PluginType>(name: &str) -> Result<&'static T, SelectError> {
    ///     plugo::items::<T>().get(name)?.shared()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`SelectError::NoTable`]: the program has no table of plugins.
    /// - [`SelectError::NoItem`]: no item of the type is in it.
    /// - [`SelectError::NotCompiledIn`]: the type has items, but none of that name.
    /// - [`SelectError::Ambiguous`]: items of several namespaces have the name,
    ///   disabled ones among them.
    /// - [`SelectError::Disabled`]: that item is disabled.
    pub fn get(self, name: &str) -> Result<Item<T>, SelectError> {
        let bound = self.bound()?;
        let plugin_type = T::INFO.name();
        let (namespace, bare) = match name.split_once('/') {
            Some((namespace, bare)) => (Some(namespace), bare),
            None => (None, name),
        };
        let full = |index: usize| bound.of.items[index].plugin.full_name();
        let named = bound.of.named(bare);
        let mut found = named.filter(|&i| namespace.is_none_or(|of| full(i).namespace == of));
        let shown = |indices: &mut dyn Iterator<Item = usize>| {
            indices.map(|index| full(index).to_string()).collect::<Vec<String>>()
        };
        match (found.next(), found.next()) {
            (Some(index), None) => match bound.item(bound.types.ranked_at(bound.of, index)) {
                item if item.status == Status::Disabled => {
                    Err(SelectError::Disabled { plugin_type, item: item.name() })
                }
                item => Ok(item),
            },
            (None, _) => Err(SelectError::NotCompiledIn {
                plugin_type,
                item: name.to_owned(),
                known: shown(&mut (0..bound.of.items.len())),
            }),
            (Some(first), Some(second)) => Err(SelectError::Ambiguous {
                plugin_type,
                item: name.to_owned(),
                known: shown(&mut [first, second].into_iter().chain(found)),
            }),
        }
    }

    /// Every item by priority, then name, whatever its status; none where the
    /// program has none.
    pub fn all(self) -> Vec<Item<T>> {
        self.bound.map(Bound::all).unwrap_or_default()
    }

    /// The active items by priority, then name; there may be none.
    pub fn active(self) -> Vec<Item<T>> {
        self.of(Status::Active)
    }

    /// The items in reserve by priority, then name; there may be none.
    pub fn reserve(self) -> Vec<Item<T>> {
        self.of(Status::Reserve)
    }

    fn of(self, status: Status) -> Vec<Item<T>> {
        let mut items = self.all();
        items.retain(|item| item.status == status);
        items
    }

    /// The first candidate, in the order of the selection, whose shared instance can
    /// be made and passes a check of its health; with those that were passed over,
    /// and why.
    ///
    /// A type's own selector is not asked. An error or a panic of the check passes
    /// the candidate over. What was passed over is tried again by the next call.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// fn healthy<T: ?Sized + plugo::PluginType>(check: fn(&T) -> Result<(), String>) {
    ///     match plugo::items::<T>().select_with_fallback(check) {
    ///         Ok(found) => {
    ///             for failed in &found.passed_over {
    ///                 eprintln!("warning: {failed}");
    ///             }
    ///             println!("using {}", found.item.name());
    ///         }
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`SelectError::NoTable`]: the program has no table of plugins.
    /// - [`SelectError::NoItem`]: no item of the type is in it.
    /// - [`SelectError::AllDisabled`]: each item is disabled.
    /// - [`SelectError::NeedSettings`]: each item that is not disabled has settings.
    /// - [`SelectError::AllFailed`]: no candidate passed, with the error of each.
    pub fn select_with_fallback<E: Into<BoxError>>(
        self,
        check: impl FnMut(&T) -> Result<(), E>,
    ) -> Result<Fallback<T>, SelectError> {
        self.fallback_with(Kwargs::new(), check)
    }

    /// The first healthy candidate, as
    /// [`select_with_fallback`](Self::select_with_fallback) finds it, with arguments
    /// for the constructors of items that are not made yet.
    ///
    /// ```
    /// # use plugo_core as plugo;
    /// use plugo::{PluginType, SelectError, kwargs};
    /// fn first<T: ?Sized + PluginType>(url: &str) -> Result<&'static T, SelectError> {
    ///     let any = |_: &T| Ok::<(), SelectError>(());
    ///     Ok(plugo::items::<T>().fallback_with(kwargs! { url: url }, any)?.instance)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`SelectError::NoTable`]: the program has no table of plugins.
    /// - [`SelectError::NoItem`]: no item of the type is in it.
    /// - [`SelectError::AllDisabled`]: each item is disabled.
    /// - [`SelectError::NeedSettings`]: each item that is not disabled has settings.
    /// - [`SelectError::AllFailed`]: no candidate passed, with the error of each.
    pub fn fallback_with<E: Into<BoxError>>(
        self,
        mut kwargs: Kwargs<'_>,
        mut check: impl FnMut(&T) -> Result<(), E>,
    ) -> Result<Fallback<T>, SelectError> {
        let mut passed_over = Vec::new();
        for item in self.bound()?.candidates()? {
            let shared =
                item.entry.shared().map_or_else(|| item.entry.make_shared(&mut kwargs), Ok);
            let healthy = shared.and_then(|shared| {
                let checked = catch(|| check(shared).map_err(Into::into))?;
                checked.map(|()| shared).map_err(Failure::Error)
            });
            match healthy {
                Ok(instance) => return Ok(Fallback { item, instance, passed_over }),
                Err(failure) => {
                    let failed = FailedItem { item: item.name(), error: Arc::new(failure) };
                    // What a subscriber does is not the lookup's to suffer.
                    #[cfg(feature = "tracing")]
                    let _ = catch(|| tracing::warn!(plugin_type = T::INFO.name(), "{failed}"));
                    passed_over.push(failed);
                }
            }
        }
        Err(SelectError::AllFailed { plugin_type: T::INFO.name(), failed: passed_over })
    }
}

/// The candidate that a type's own selector chooses.
#[doc(hidden)]
pub fn chosen_among<T: ?Sized + PluginType>(
    selector: Selector<T>,
    candidates: &[Item<T>],
    kwargs: &mut Kwargs<'_>,
) -> Result<Item<T>, SelectError> {
    let plugin_type = T::INFO.name();
    let chosen = choose::<T>(selector, candidates, kwargs);
    let chosen = chosen
        .map_err(|failure| SelectError::Selector { plugin_type, error: Arc::new(failure) })?;
    match chosen {
        None => Err(SelectError::NoCandidate { plugin_type }),
        Some(item) if candidates.contains(&item) => Ok(item),
        Some(item) => {
            let text = format!("it chose `{}`, which is no candidate", item.name());
            let error = Arc::new(Failure::Error(text.into()));
            Err(SelectError::Selector { plugin_type, error })
        }
    }
}

/// Asks a type's own selector. One that asks for the selected item itself
/// would never be done.
fn choose<T: ?Sized + PluginType>(
    selector: Selector<T>,
    candidates: &[Item<T>],
    kwargs: &mut Kwargs<'_>,
) -> Result<Option<Item<T>>, Failure> {
    let owner = std::ptr::from_ref(T::slot()).addr();
    let name = T::INFO.name();
    let node = Node { owner, index: 0, namespace: DEFAULT_NAMESPACE, name };
    if is_within(node) {
        let selector = format!("the selector of `{name}`");
        return Err(Failure::Error(format!("{selector} asks for what it is to select").into()));
    }
    within(node, || catch(|| selector(candidates, kwargs)))?
}

impl<T: ?Sized> Clone for Items<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Items<T> {}

impl<T: ?Sized + PluginType> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

impl<T: ?Sized + PluginType> Bound<T> {
    fn all(&self) -> Vec<Item<T>> {
        self.types.ranked(self.of).into_iter().map(|ranked| self.item(ranked)).collect()
    }

    /// Those that may be selected, the first choice first; at least one.
    fn candidates(&self) -> Result<Vec<Item<T>>, SelectError> {
        let ranked = self.types.ranked(self.of);
        let items: Vec<_> = self.of.selection(&ranked).map(|ranked| self.item(ranked)).collect();
        match items.is_empty() {
            true => Err(self.no_candidate(&ranked)),
            false => Ok(items),
        }
    }

    #[cold]
    fn no_candidate(&self, ranked: &[Ranked]) -> SelectError {
        let plugin_type = T::INFO.name();
        let enabled = ranked.iter().filter(|ranked| ranked.status != Status::Disabled);
        // Were there another without settings, it would be a candidate.
        let items: Vec<_> = enabled.map(|ranked| self.of.items[ranked.index].name).collect();
        match items.is_empty() {
            true => SelectError::AllDisabled { plugin_type },
            false => SelectError::NeedSettings { plugin_type, items },
        }
    }

    fn item(&self, ranked: Ranked) -> Item<T> {
        let Ranked { index, status, priority } = ranked;
        let plugin = self.of.items[index].plugin;
        Item { entry: self.entries[index], plugin, status, priority }
    }
}

/// What [`Items::select_with_fallback`] found.
///
/// ```
/// # use plugo_core as plugo;
/// use plugo::{Fallback, PluginType};
/// fn line<T: ?Sized + PluginType>(found: &Fallback<T>) -> String {
///     let failed: Vec<_> = found.passed_over.iter().map(|failed| failed.item).collect();
///     format!("{} stands in for {}", found.item.name(), failed.join(", "))
/// }
/// ```
#[non_exhaustive]
pub struct Fallback<T: ?Sized + 'static> {
    /// The first candidate that passed.
    pub item: Item<T>,
    /// Its shared instance, which passed the check.
    pub instance: &'static T,
    /// The candidates before it, which did not pass, in the order in which they were
    /// tried.
    pub passed_over: Vec<FailedItem>,
}

impl<T: ?Sized> fmt::Debug for Fallback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback")
            .field("item", &self.item)
            .field("passed_over", &self.passed_over)
            .finish_non_exhaustive()
    }
}
