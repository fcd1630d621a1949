use std::time::Duration;

use crate::contenders::Contender;
use crate::script::{Level, Scripts};
use crate::start::{Instructions, Start};
use crate::table::grouped;

/// No worse than the hand-written table. Where the pages of a binary happen to
/// begin moves a small program's instructions by as much: Rust's runtime reads
/// `/proc/self/maps` before `main`, and one line more costs 4,000.
pub(crate) const NO_WORSE: f64 = 1.02;
/// The size at which a build script has an aim, and the aim.
const FOLDERS: (usize, Duration) = (1_000, Duration::from_millis(200));

/// What is aimed at, whether it was met, and why not.
pub(crate) fn verdicts(sizes: &[usize], start: &Start, scripts: &Scripts) -> Vec<String> {
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
        let text = judge("It", &[(10, 1.5), (100, 0.9)], "it is slow");
        assert_eq!(text, "It: **missed** at 10; 1.50x at 10, 0.90x at 100. Why: it is slow.");
    }
}
