use std::time::Duration;

use crate::choosing::{Choosing, SIZES};
use crate::contenders::Contender;
use crate::run_time_contenders::Chooser;
use crate::script::{Level, Scripts};
use crate::start::{Instructions, Start};
use crate::table::grouped;

/// No worse than the hand-written table. Where the pages of a binary happen to
/// begin moves a small program's instructions by as much: Rust's runtime reads
/// `/proc/self/maps` before `main`, and one line more costs 4,000.
pub(crate) const NO_WORSE: f64 = 1.02;
/// What selecting an item and calling it may cost, against loading a pointer
/// and calling that.
const SELECTION: f64 = 1.2;
/// How far the time of one and the same loop differs from binary to binary:
/// where it begins in one is enough.
const SAME_TIME: f64 = 1.05;
/// The size at which a build script has an aim, and the aim.
const FOLDERS: (usize, Duration) = (1_000, Duration::from_millis(200));

/// What is aimed at, whether it was met, and why not.
pub(crate) fn verdicts(
    sizes: &[usize],
    start: &Start,
    choosing: &Choosing,
    scripts: &Scripts,
) -> Vec<String> {
    let mut verdicts = Vec::new();
    if start.counted_by.is_some() {
        let against = |what: &str, value: fn(Instructions) -> f64, why: &str| {
            let ratio = |&size: &usize| {
                let of = |contender| Some(value(start.instructions(contender, size)?));
                Some((size, of(Contender::Plugo)? / of(Contender::Static)?))
            };
            let ratios: Vec<(usize, f64)> = sizes.iter().filter_map(ratio).collect();
            judge(what, &ratios, why)
        };
        verdicts.push(against(
            "Start-up until all plugins are visible, against `static`",
            |i| i.visible as f64,
            "the program around the table is larger, which the dynamic linker and `inventory`'s \
             one constructor pay for once; per plugin it is less than `static`'s, whose pointers \
             are relocated",
        ));
        verdicts.push(against(
            "Start-up until all plugins are initialised, against `static`",
            |i| i.initialised as f64,
            &initialising(sizes, start),
        ));
        verdicts.push(against(
            "Finding a name that there is, against the scan of `static`",
            |i| i.hit,
            LOOKUP,
        ));
        verdicts.push(against(
            "Finding that there is no such name, against the scan of `static`",
            |i| i.miss,
            LOOKUP,
        ));
    }
    verdicts.extend(selecting(choosing));
    verdicts.extend(calling(choosing));
    let (folders, limit) = FOLDERS;
    let script =
        scripts.costs.iter().find(|cost| cost.size == folders && cost.level == Level::Default);
    if let Some(cost) = script {
        let (whole, own) = (cost.whole.median, cost.own.median);
        let met = if whole < limit { "met" } else { "missed" };
        let cargo = cost.calls.iter().map(|(_, took)| *took).max().unwrap_or_default();
        let why = match whole < limit {
            true => String::new(),
            false => format!(
                " Cargo itself, whose `cargo tree` names the crates for the manifest, took at least \
                 {} ms of that, and plugo's own work takes {} ms.",
                cargo.as_millis(),
                own.as_millis()
            ),
        };
        verdicts.push(format!(
            "A build script that handles 1,000 plugin folders in under {} ms: **{met}**, {} ms as \
             Cargo compiles it.{why}",
            limit.as_millis(),
            whole.as_millis(),
        ));
    }
    if !scripts.unchanged.is_empty() {
        verdicts.push(
            "A build without a change costs nothing: **met**, no build script runs.".to_owned(),
        );
    }
    verdicts
}

/// Selection by time, and by instructions where they were counted.
fn selecting(choosing: &Choosing) -> Option<String> {
    let times = |chooser| choosing.times(chooser);
    let (own, plain) = (times(Chooser::Plugo)?, times(Chooser::Static)?);
    let ratios = [Some(own.select), own.overridden].map(|time| Some(time? / plain.select));
    let by_time = without_and_with("by time", ratios);
    let by_instructions = || {
        let counts = |chooser| choosing.instructions(chooser, SIZES[0]);
        let (own, plain) = (counts(Chooser::Plugo)?, counts(Chooser::Static)?);
        let ratios = [Some(own.select), own.overridden].map(|count| Some(count? / plain.select));
        let mut text = format!("; {}", without_and_with("by instructions", ratios));
        if own.select > SELECTION * plain.select {
            text.push_str(&format!(
                ". Why: the whole of `static` is {:.0} instructions, and {:.0} more look whether \
                 what this thread selected last is selected still, by the number of the overrides \
                 in force",
                plain.select,
                own.select - plain.select,
            ));
        }
        Some(text)
    };
    Some(format!(
        "Selecting an item and calling it, within {SELECTION} times of loading a pointer and \
         calling that: {by_time}{}.",
        by_instructions().unwrap_or_default(),
    ))
}

/// A ratio without overrides, and one with them.
fn without_and_with(by: &str, ratios: [Option<f64>; 2]) -> String {
    let [without, with] = ratios.map(|ratio| ratio.unwrap_or(f64::INFINITY));
    let met = if without.max(with) <= SELECTION { "met" } else { "missed" };
    format!("{by} **{met}**, {without:.2}x, and {with:.2}x with overrides in force")
}

/// A call of an item that was looked up before is a virtual call, and no more.
fn calling(choosing: &Choosing) -> Option<String> {
    let aim = "Calling an item that was looked up before adds nothing to a virtual call";
    let times = |chooser| Some(choosing.times(chooser)?.call);
    let time = times(Chooser::Plugo)? / times(Chooser::Static)?;
    let counts = |chooser| Some(choosing.instructions(chooser, SIZES[0])?.call);
    let more = match (counts(Chooser::Plugo), counts(Chooser::Static)) {
        (Some(own), Some(plain)) => Some((own - plain).round() + 0.0),
        _ => None,
    };
    // Instructions say it exactly; without them the time has to.
    let met = match more {
        Some(more) => more <= 0.0,
        None => time <= SAME_TIME,
    };
    let met = if met { "met" } else { "missed" };
    let counted = more.map(|more| format!("{more:.0} instructions more, ")).unwrap_or_default();
    Some(format!("{aim}: **{met}**, {counted}{time:.2}x by time."))
}

const LOOKUP: &str = "a name of a planned table is a range of one text, which costs a look-up of its \
                      own, and its namespace is compared too";

/// What `load_plugins` does that a loop does not; and whether what it does for
/// one plugin depends on how many there are, which it should not.
fn initialising(sizes: &[usize], start: &Start) -> String {
    let mut why = "`static` calls functions in a loop, and a panic in one ends the program; \
                   `load_plugins` matches each parameter by name and type, looks at the state of \
                   each dependency, catches panics, and writes a report"
        .to_owned();
    let per_plugin = |size: usize| {
        let count = start.instructions(Contender::Plugo, size)?;
        Some(count.initialised.saturating_sub(count.visible) as f64 / size as f64)
    };
    let costs: Vec<f64> = sizes.iter().filter_map(|&size| per_plugin(size)).collect();
    if let [.., some, many] = costs[..]
        && many > 2.0 * some
    {
        why.push_str("; and what it does for one plugin grows with their number");
    }
    why
}

/// A sentence about ratios by size.
fn judge(what: &str, ratios: &[(usize, f64)], why: &str) -> String {
    let shown: Vec<String> = ratios
        .iter()
        .map(|(size, ratio)| format!("{ratio:.2}x at {}", grouped(*size as u64)))
        .collect();
    let missed: Vec<String> = ratios
        .iter()
        .filter(|(_, ratio)| *ratio > NO_WORSE)
        .map(|(size, _)| grouped(*size as u64))
        .collect();
    match missed.as_slice() {
        [] => format!("{what}: **met**, {}.", shown.join(", ")),
        sizes => {
            format!("{what}: **missed** at {}; {}. Why: {why}.", sizes.join(", "), shown.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_missed_where_the_ratio_says_so() {
        let text = judge("It", &[(10, 1.005), (100, 0.9)], "never");
        assert_eq!(text, "It: **met**, 1.00x at 10, 0.90x at 100.");
        let text = without_and_with("by time", [Some(1.1), Some(1.0)]);
        assert_eq!(text, "by time **met**, 1.10x, and 1.00x with overrides in force");
        let text = without_and_with("by time", [Some(1.1), Some(1.3)]);
        assert_eq!(text, "by time **missed**, 1.10x, and 1.30x with overrides in force");
        let text = judge("It", &[(10, 1.5), (100, 0.9)], "it is slow");
        assert_eq!(text, "It: **missed** at 10; 1.50x at 10, 0.90x at 100. Why: it is slow.");
    }
}
