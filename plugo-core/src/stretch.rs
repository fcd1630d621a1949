use std::cell::Cell;
use std::ops::Range;

use crate::announce::{announce, may_hear_loaded};
use crate::drive::Up;
use crate::entry::Answer;
use crate::failure::Failure;
use crate::kwargs::Kwargs;
use crate::report::{Outcomes, PluginReport};
use crate::state::State;
use crate::step::{Progress, Step};
use crate::table::Table;
use crate::unwind::catch;
use crate::waits::{outside, within_each};

/// Why a plugin in a row did not come up.
pub(crate) enum Stop {
    /// It failed.
    Failed(Failure),
    /// It is no function, or it is `async`, and nothing of it ran yet.
    Apart,
}

/// Calls plugins in a row, up to the first one that does not come up, and tells
/// which one that is. Most plugins are functions that return nothing, and that is
/// all that is done for each of them: a place is noted, the function is called,
/// and its answer is looked at.
pub(crate) fn call_each(
    table: &'static Table,
    stretch: Range<usize>,
    kwargs: &mut Kwargs<'_>,
    outcomes: &mut Outcomes,
) -> Option<(usize, Stop)> {
    let start = stretch.start;
    let end = stretch.end;
    let stop = within_each(table, |place: &Cell<usize>| {
        place.set(start);
        let called = catch(|| {
            for (at, entry) in stretch.clone().zip(&table.entries()[stretch]) {
                place.set(at);
                let answer = entry(Some(kwargs)).0;
                if !matches!(answer, Answer::Done)
                    && let Some(stop) = look(table, at, answer, outcomes)
                {
                    return Some((at, stop));
                }
                if may_hear_loaded() {
                    tell(table, at);
                }
            }
            None
        });
        // A panic is that of the plugin at the place.
        called.unwrap_or_else(|failure| Some((place.get(), Stop::Failed(failure))))
    });
    let loaded = stop.as_ref().map_or(end, |(at, _)| *at);
    if start < loaded {
        outcomes.loaded(table, start..loaded);
    }
    stop
}

/// What a function did that did not just return.
#[cold]
#[inline(never)]
fn look(
    table: &'static Table,
    at: usize,
    answer: Answer<'_>,
    outcomes: &mut Outcomes,
) -> Option<Stop> {
    match answer {
        Answer::Done | Answer::Function(_) => None,
        Answer::Other(_) => Some(Stop::Apart),
        Answer::Step(step) => match *step {
            Step(Progress::Done(Ok(value))) => {
                let up = Up { instance: None, value };
                outcomes.note(PluginReport::new(table.plugin(at), State::Loaded, up));
                None
            }
            Step(Progress::Done(Err(failure))) => Some(Stop::Failed(failure)),
            // It has not begun, and to ask for it once more gives another one like it.
            Step(Progress::Pending(_)) => Some(Stop::Apart),
        },
    }
}

/// What a subscriber does is not the plugin's work, nor is its panic the load's to
/// suffer.
#[cold]
#[inline(never)]
fn tell(table: &'static Table, at: usize) {
    let _ = outside(|| catch(|| announce(table.plugin(at), &State::Loaded)));
}
