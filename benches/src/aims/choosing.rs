use crate::choosing::{Choosing, SIZES};
use crate::options::Part;
use crate::page::{Aim, Verdict};
use crate::run_time_contenders::Chooser;

pub(super) static SELECT: Aim = Aim {
    part: Part::Choosing,
    what: "selecting an item and calling it, against loading a pointer and calling that, by instructions",
    at: "at most 1.2 times",
};
pub(super) static CALL: Aim = Aim {
    part: Part::Choosing,
    what: "calling an item that was looked up, against a virtual call",
    at: "no instruction more",
};
pub(super) static SELECT_TIME: Aim = Aim {
    part: Part::Times,
    what: "selecting an item and calling it, against loading a pointer and calling that, by the clock",
    at: "at most 1.2 times",
};

/// Selection by instructions.
pub(crate) fn choosing(choosing: &Choosing) -> Vec<Verdict> {
    let counts = |chooser| choosing.instructions(chooser, SIZES[0]);
    let both = || Some((counts(Chooser::Plugo)?, counts(Chooser::Static)?));
    let Some((own, plain)) = both() else { return Vec::new() };
    let more = (own.call - plain.call).round() + 0.0;
    let overridden = own.overridden.unwrap_or(f64::INFINITY);
    vec![
        Verdict {
            aim: &SELECT,
            measured: format!(
                "{:.2} times, {:.2} with overrides in force",
                own.select / plain.select,
                overridden / plain.select
            ),
            met: own.select.max(overridden) <= 1.2 * plain.select,
            why: format!(
                "The whole of `static` is {:.0} instructions, and {:.0} more look whether what this \
                 thread selected last is selected still, by the number of the overrides in force",
                plain.select,
                own.select - plain.select
            ),
        },
        Verdict {
            aim: &CALL,
            measured: format!("{more:.0} more"),
            met: more <= 0.0,
            why: "A call of what was looked up should be the virtual call and nothing else"
                .to_owned(),
        },
    ]
}

/// Selection by the clock.
pub(crate) fn times(choosing: &Choosing) -> Vec<Verdict> {
    let times = |chooser| choosing.times(chooser);
    let both = || Some((times(Chooser::Plugo)?, times(Chooser::Static)?));
    let Some((own, plain)) = both() else { return Vec::new() };
    let overridden = own.overridden.unwrap_or(f64::INFINITY);
    vec![Verdict {
        aim: &SELECT_TIME,
        measured: format!(
            "{:.2} times, {:.2} with overrides in force",
            own.select / plain.select,
            overridden / plain.select
        ),
        met: own.select.max(overridden) <= 1.2 * plain.select,
        why: "Not known: by instructions there are a few more, which the processor mostly hides behind the call"
            .to_owned(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_met_at_its_number_and_missed_above_it() {
        for (select, is_met) in [(16.8, true), (16.9, false)] {
            let verdicts = choosing(&Choosing::sample(select));
            let verdict = verdicts.iter().find(|verdict| *verdict.aim == SELECT);
            assert_eq!(verdict.map(|verdict| verdict.met), Some(is_met), "{select}");
        }
    }
}
