use std::fmt::{self, Write as _};

use crate::choosing::{Choosing, Instructions, ROUNDS, SIZES, TIMED, Times};
use crate::run_time_contenders::Chooser;
use crate::table::{Table, grouped, ratio};

/// The section on plugin types and on loading.
pub(crate) fn counts(choosing: &Choosing, f: &mut String) -> fmt::Result {
    writeln!(f, "## Choosing and loading at run time\n")?;
    writeln!(
        f,
        "Other programs, with N plugins as above and N *services*: implementations of one trait, \
         each with a name, a status and a priority, of which the program selects one. A call of a \
         service is one virtual call, of a function that mixes a number.\n"
    )?;
    writeln!(
        f,
        "- `plugo`: a plugin type and its items; `select`, `items().get(name)`, `set_overrides`; \
         a `PluginManager` loads.\n\
         - `static`: a static with a pointer to the service that it will be, read from memory each \
         time; a scan for names; a loop over the plan loads. It has no overrides.\n\
         - `inventory`: what was submitted, put into a hash map at start, behind an `RwLock`, with \
         the selected service found once for each change; a sort and a loop load.\n\
         - `registry`: a hash map of `Arc<dyn Trait>` behind an `RwLock`, written by hand and \
         filled at start; a sort and a loop load, which catches panics and keeps what became of \
         each plugin.\n"
    )?;
    writeln!(
        f,
        "Every one was verified before it was measured: each plugin loaded once and after its \
         dependencies, every service found and no near miss, and the right one selected: without \
         overrides and, where there are any, with them, with all active services disabled, and \
         without overrides again.\n"
    )?;
    match choosing.is_counted() {
        true => counted(choosing, f),
        false => writeln!(f, "valgrind was not installed, so instructions were not counted."),
    }
}

fn counted(choosing: &Choosing, f: &mut String) -> fmt::Result {
    type Value = fn(Instructions) -> Option<f64>;
    let table = |value: Value, (reference, other): (Chooser, Value)| {
        let header = SIZES.iter().map(|&size| grouped(size as u64));
        let mut table = Table::new([String::new()].into_iter().chain(header));
        let is_counted = |chooser: &Chooser| choosing.instructions(*chooser, SIZES[0]).is_some();
        for chooser in Chooser::ALL.into_iter().filter(is_counted) {
            let cells = SIZES.iter().map(|&size| {
                let of = |chooser, value: Value| value(choosing.instructions(chooser, size)?);
                beside(of(chooser, value), of(reference, other), |n| grouped(n.round() as u64))
            });
            table.row([chooser.name().to_owned()].into_iter().chain(cells));
        }
        table
    };
    let same = |reference: Chooser, value: Value| table(value, (reference, value));
    let select: Value = |i| Some(i.select);
    writeln!(f, "Instructions, and the ratio to `static`. Selecting a service and calling it:\n")?;
    writeln!(f, "{}", same(Chooser::Static, select))?;
    writeln!(
        f,
        "The same with overrides in force, which disable the service that was selected and put \
         another one first; the ratio is to `static` without any:\n"
    )?;
    // Overrides have no peer in `static`: its plain selection stands for it.
    writeln!(f, "{}", table(|i| i.overridden, (Chooser::Static, select)))?;
    writeln!(f, "Calling a service that was looked up before:\n")?;
    writeln!(f, "{}", same(Chooser::Static, |i| Some(i.call)))?;
    writeln!(f, "Finding a service by name, with its instance:\n")?;
    writeln!(f, "{}", same(Chooser::Static, |i| Some(i.get)))?;
    writeln!(
        f,
        "Loading all plugins in dependency order: instructions per plugin, with those that build \
         the manager or its like, and the ratio to `registry`, since `static` and `inventory` let \
         a panic end the program and keep nothing. A `PluginManager` beyond that knows filters, \
         conditions and listeners, takes arguments by name and type, keeps what a plugin returned, \
         lets each plugin load once from any number of threads, and writes a report:\n"
    )?;
    writeln!(f, "{}", same(Chooser::Registry, |i| Some(i.load)))
}

/// The section on the time of calls.
pub(crate) fn times(choosing: &Choosing, f: &mut String) -> fmt::Result {
    writeln!(f, "## The time of a call\n")?;
    writeln!(
        f,
        "Nanoseconds for a call: {} in a row, in the median of {} runs in which the programs took \
         turns, and the faster one of the sizes, since where a loop happens to stand in a binary \
         can move its time by a fifth. The ratio is to `static`, and to its plain selection where there \
         are overrides. A processor works on several instructions at once, so the ratios are not those \
         above.\n",
        grouped(TIMED as u64),
        ROUNDS,
    )?;
    let mut table =
        Table::new(["", "looked up before", "selected each time", "selected, with overrides"]);
    for chooser in Chooser::ALL {
        type Value = fn(Times) -> Option<f64>;
        let cell = |value: Value, other: Value| {
            let of = |chooser, value: Value| value(choosing.times(chooser)?);
            beside(of(chooser, value), of(Chooser::Static, other), |n| format!("{n:.2}"))
        };
        let (call, select): (Value, Value) = (|times| Some(times.call), |times| Some(times.select));
        table.row([
            chooser.name().to_owned(),
            cell(call, call),
            cell(select, select),
            cell(|times| times.overridden, select),
        ]);
    }
    writeln!(f, "{table}")
}

/// A value, and its ratio to another one where there is that.
fn beside(value: Option<f64>, other: Option<f64>, show: impl Fn(f64) -> String) -> String {
    match (value, other) {
        (Some(own), Some(other)) if other > 0.0 => {
            format!("{} ({})", show(own), ratio(own / other))
        }
        (Some(own), _) => show(own),
        (None, _) => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_contender_cannot_do_has_no_number() {
        assert_eq!(beside(None, Some(1.0), |n| n.to_string()), "–");
        assert_eq!(beside(Some(3.0), Some(2.0), |n| n.to_string()), "3 (1.50x)");
        assert_eq!(beside(Some(3.0), None, |n| n.to_string()), "3");
    }

    #[test]
    fn a_plain_selection_stands_for_overrides_alone() {
        let choosing =
            Choosing::of(&[(Chooser::Plugo, 20.0, Some(30.0)), (Chooser::Static, 10.0, None)]);
        let mut text = String::new();
        counted(&choosing, &mut text).unwrap();
        times(&choosing, &mut text).unwrap();
        let rows = |name: &str| -> Vec<String> {
            let rows = text.lines().filter(|line| line.starts_with(&format!("| {name} ")));
            rows.map(|row| row.split('|').nth_back(1).unwrap().trim().to_owned()).collect()
        };
        // Selecting, with overrides, calling, finding, loading; and the time with overrides.
        let plugo = ["20 (2.00x)", "30 (3.00x)", "1 (1.00x)", "2 (1.00x)", "3", "30.00 (3.00x)"];
        assert_eq!(rows("plugo"), plugo);
        assert_eq!(rows("static"), ["10 (1.00x)", "–", "1 (1.00x)", "2 (1.00x)", "3", "–"]);
        assert!(rows("inventory").iter().all(|cell| cell == "–"));
    }
}
