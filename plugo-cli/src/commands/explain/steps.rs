use plugo_build::{Code, Project, Unavailable};

use crate::outcome::Outcome;

/// What to do for a plugin to be in the build.
pub(super) fn steps(project: &Project, outcome: &Outcome) -> Vec<String> {
    let plugin = &outcome.plugin;
    let id = &plugin.id;
    // What is asked for in vain needs no other entry.
    let selects = |source| matches!(source, "config" | "client" | "environment");
    let is_left_out = outcome.because.iter().any(|because| selects(because.source));
    let mut steps = Vec::new();
    if let Some(disabled) = &plugin.disabled_at {
        steps.push(format!("write `\"enabled\": true` at {}", disabled.place));
    } else if let (true, Some(file)) = (is_left_out, project.selecting_file()) {
        let file = project.show(&file);
        steps.push(format!("add `{{ \"name\": \"{id}\", \"enabled\": true }}` to {file}"));
    } else if is_left_out {
        steps.push(format!("add `{id}` to the variable ENABLED_PLUGINS, or unset it"));
    } else if let Some(condition) = &plugin.undecided {
        steps.push(format!(
            "set ENABLED_PLUGINS={id} where `cfg({condition})` holds, or take the `cfg` away"
        ));
    }
    let client = project.client();
    let in_feature = |why: &Unavailable| matches!(why, Unavailable::FeatureOff(f) if !f.is_empty());
    if client.is_some() && plugin.unavailable.as_ref().is_some_and(in_feature) {
        steps.push(
            "run `plugo check --fix`, which turns its crate on in the client's feature".to_owned(),
        );
    }
    for problem in project.refused_if_requested(id) {
        // For a client, what was said above mends the features of all of them.
        let by_fix = client.is_some()
            && matches!(problem.code, Code::FeatureOff | Code::ClientFeature)
            && !steps.is_empty();
        if by_fix {
            continue;
        }
        let step = match (problem.code, &plugin.unavailable, problem.help) {
            (Code::OtherTarget, Some(Unavailable::OtherTarget(target)), _) => format!(
                "build for another target with `--target`, or make its crate a dependency for more \
                 than `{target}`"
            ),
            (Code::ConfiguredOut, Some(Unavailable::ConfiguredOut(condition)), _) => {
                format!("build where `cfg({condition})` holds, or take the `cfg` away")
            }
            (_, _, Some(help)) => help,
            (_, _, None) => problem.message,
        };
        steps.push(format!("{step} ({})", problem.code));
    }
    steps
}
