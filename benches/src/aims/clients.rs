use crate::not_chosen::{Left, NotChosen};
use crate::options::Part;
use crate::page::{Aim, Verdict};

pub(super) static NOT_CHOSEN: Aim = Aim {
    part: Part::Clients,
    what: "what a plugin that is not chosen leaves in a client's stripped release binary",
    at: "0 bytes, and the same file",
};

/// Builds for clients.
pub(crate) fn clients(not_chosen: &NotChosen) -> Vec<Verdict> {
    let NotChosen { own_crate, shared_crate } = not_chosen;
    let said = |left: &Left| {
        let file = match (left.is_same, left.is_named) {
            (true, _) => "the same file",
            (false, false) => "another file, without its name and its texts",
            (false, true) => "another file, with its name or a text of it",
        };
        format!("{} bytes, {file}", left.bytes)
    };
    vec![Verdict {
        aim: &NOT_CHOSEN,
        measured: format!(
            "in a crate of its own {}; in the crate of one that is chosen {}",
            said(own_crate),
            said(shared_crate)
        ),
        met: own_crate.is_same && shared_crate.is_same,
        why: "The compiler puts the tables for unwinding of all functions of a crate into one section, which the \
              linker keeps whole. A crate for each plugin keeps them apart"
            .to_owned(),
    }]
}
