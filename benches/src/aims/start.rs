use crate::contenders::Contender;
use crate::options::Part;
use crate::page::{Aim, Verdict};
use crate::start::Start;
use crate::table::grouped;

pub(super) static START: Aim = Aim {
    part: Part::Start,
    what: "instructions from process start until 100 / 1,000 / 10,000 plugins are initialised",
    at: "at most 315 k / 360 k / 800 k",
};
pub(super) static ITERATE: Aim =
    Aim { part: Part::Start, what: "instructions per plugin to iterate", at: "at most 7" };
pub(super) static LOOKUP: Aim = Aim {
    part: Part::Start,
    what: "instructions for a lookup among 1,000, hit / miss",
    at: "at most 90 / 67",
};
pub(super) static BYTES: Aim =
    Aim { part: Part::Start, what: "bytes per plugin, from 1,000 to 10,000", at: "at most 280" };

/// Start-up, lookup and size.
pub(crate) fn start(start: &Start) -> Vec<Verdict> {
    let counts = |contender, size| start.instructions(contender, size);
    let sizes = [(100, 315_000), (1_000, 360_000), (10_000, 800_000)];
    // All sizes, or there is no verdict.
    let started = |contender| -> Option<Vec<u64>> {
        let of = |&(size, _): &(usize, u64)| Some(counts(contender, size)?.initialised.whole);
        sizes.iter().map(of).collect()
    };
    let initialised = || {
        let (own, bare) = (started(Contender::Plugo)?, started(Contender::Bare)?);
        let empty = counts(Contender::Plugo, 0)?.noop.whole;
        let limit = thousands(&started(Contender::Limit)?);
        let per_plugin = |contender| {
            let counts = counts(contender, 1_000)?;
            Some((counts.initialised.steady as f64 - counts.noop.steady as f64) / 1e3)
        };
        let (more, less) = (per_plugin(Contender::Plugo)?, per_plugin(Contender::Bare)?);
        Some(Verdict {
            aim: &START,
            measured: format!("{} with a parameter, {} without", thousands(&own), thousands(&bare)),
            met: sizes.iter().zip(&own).all(|((_, aim), own)| own <= aim),
            why: format!(
                "The process without plugins is {} k here, and `limit`, a table in load order which nothing checks, \
                 needs {limit}. From `main` a plugin with a parameter takes {more:.0} instructions, one without \
                 {less:.0}: the difference takes the parameter out of the app's arguments, by name and type",
                empty / 1_000,
            ),
        })
    };
    let iterate = || {
        let per = |contender| {
            let counts = counts(contender, 1_000)?;
            Some((counts.visible.steady as f64 - counts.noop.steady as f64) / 1_000.0)
        };
        let (own, plain) = (per(Contender::Plugo)?, per(Contender::Static)?);
        Some(Verdict {
            aim: &ITERATE,
            measured: format!("{own:.1}; `static` {plain:.1}"),
            met: own <= 7.0,
            why: "A name is a range of one text, without a relocation, so giving it out loads and checks \
                  a range where `static` loads a pointer; that is paid per name that is looked at, \
                  and saved per plugin at start"
                .to_owned(),
        })
    };
    let lookup = || {
        let (own, limit) = (counts(Contender::Plugo, 1_000)?, counts(Contender::Limit, 1_000)?);
        let met = own.hit.round() <= 90.0 && own.miss.round() <= 67.0;
        Some(Verdict {
            aim: &LOOKUP,
            measured: format!("{:.0} / {:.0}", own.hit, own.miss),
            met,
            why: format!(
                "`limit` needs {:.0} / {:.0} here, in the same loop and with the version read. plugo compares the \
                 namespace too, and a version is a range of one text, which is checked where `limit` loads a pointer",
                limit.hit, limit.miss
            ),
        })
    };
    let bytes = || {
        let slope = |contender| start.more(contender, [1_000, 10_000], |image| image.bytes as f64);
        let (own, bare) = (slope(Contender::Plugo)?, slope(Contender::Bare)?);
        let plain = slope(Contender::Static)?;
        Some(Verdict {
            aim: &BYTES,
            measured: format!("{own:.0} with a parameter, {bare:.0} without; `static` {plain:.0}"),
            met: own <= 280.0,
            why: "Package, place, namespace, reasons and the mark are in the number, and `static` has none of them"
                .to_owned(),
        })
    };
    [initialised(), iterate(), lookup(), bytes()].into_iter().flatten().collect()
}

fn thousands(counts: &[u64]) -> String {
    let each = |&count: &u64| format!("{} k", grouped((count as f64 / 1e3).round() as u64));
    counts.iter().map(each).collect::<Vec<_>>().join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 4] = [0, 100, 1_000, 10_000];

    fn met(verdicts: &[Verdict], aim: &Aim) -> Option<bool> {
        verdicts.iter().find(|verdict| verdict.aim == aim).map(|verdict| verdict.met)
    }

    fn sample(sizes: &[usize], plugo: (u64, u64)) -> Start {
        let programs = Contender::ALL
            .into_iter()
            .flat_map(|contender| sizes.iter().map(move |&size| (contender, size)));
        Start::sample(programs, |contender| match contender {
            Contender::Plugo => plugo,
            _ => (20, 270),
        })
    }

    #[test]
    fn an_aim_is_met_at_its_number_and_missed_above_it() {
        for (cost, is_met) in [((55, 280), true), ((56, 281), false)] {
            let verdicts = start(&sample(&SIZES, cost));
            assert_eq!(met(&verdicts, &START), Some(is_met), "{cost:?}");
            assert_eq!(met(&verdicts, &BYTES), Some(is_met), "{cost:?}");
        }
    }

    #[test]
    fn an_aim_of_which_a_size_was_not_measured_has_no_verdict() {
        let verdicts = start(&sample(&SIZES[..3], (1, 1)));
        assert_eq!(met(&verdicts, &START), None);
        assert_eq!(met(&verdicts, &BYTES), None);
        assert_eq!(met(&verdicts, &LOOKUP), Some(true));
    }
}
