//! What the tests are written with: repositories of an app and its plugins.

mod cargo;
mod kept;
mod project;
mod soon;

pub use self::cargo::{Run, cargo, plugo, repository, scratch, shared_target};
pub use self::project::Project;
pub use self::soon::soon;
