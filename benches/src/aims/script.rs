use crate::options::Part;
use crate::page::{Aim, Verdict};
use crate::script::{Level, Scripts};

pub(super) static SCRIPT: Aim = Aim {
    part: Part::Script,
    what: "the build script with 1,000 plugin folders, at opt-level 0",
    at: "under 100 ms",
};

/// The build script.
pub(crate) fn script(scripts: &Scripts) -> Vec<Verdict> {
    let cost = scripts.costs.iter().find(|cost| cost.size == 1_000 && cost.level == Level::Default);
    let verdict = cost.map(|cost| {
        let trees = cost.calls.iter().filter(|(name, _)| name == "tree");
        let tree = trees.map(|(_, took)| took.as_millis()).max().unwrap_or_default();
        Verdict {
            aim: &SCRIPT,
            measured: format!("{} ms", cost.whole.median.as_millis()),
            met: cost.whole.median.as_millis() < 100,
            why: format!(
                "plugo's own work takes {} ms, and beside it `cargo tree`, which names the crates for the manifest \
                 and whose answer may be another one at the next build, {tree} ms",
                cost.own.median.as_millis()
            ),
        }
    });
    verdict.into_iter().collect()
}
