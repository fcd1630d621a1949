//! Machine code that comes into the program while it runs: the one place of
//! this crate where something is `unsafe`.

use std::collections::BTreeMap;

use plugo_core::EntryPoint;
use subsecond::JumpTable;

/// Where `main` is in this process.
pub(super) fn aslr_reference() -> usize {
    subsecond::aslr_reference()
}

/// Takes new code in. What comes back are the new entry points, by the
/// addresses of those that the program was linked with.
#[expect(unsafe_code, reason = "code that was not there when the program was compiled comes in")]
pub(super) fn take_in(table: JumpTable) -> Result<BTreeMap<usize, EntryPoint>, String> {
    // SAFETY: `plugo dev` linked this library for this very process. It is of one
    // plugin crate, compiled against the same crates as the program, since nothing
    // else was built since this process began; nothing but the program's table
    // refers to that crate, so no code sees a type of it in two layouts. It has no
    // constructors, and is never unloaded.
    unsafe { subsecond::apply_patch(table) }.map_err(|error| error.to_string())?;
    // SAFETY: nobody else in this program applies patches, and the table that is
    // there is never changed.
    let table = unsafe { subsecond::get_jump_table() }.ok_or("no patch was applied")?;
    let entry = |(&old, &new): (&u64, &u64)| {
        let new = std::ptr::with_exposed_provenance::<()>(new as usize);
        // SAFETY: the table maps entry points to functions of the library under the same
        // symbols, which are entry points too, and live as long as the program.
        (old as usize, unsafe { std::mem::transmute::<*const (), EntryPoint>(new) })
    };
    Ok(table.map.iter().map(entry).collect())
}
