//! A manifest as the software bills of materials that other tools read.

/// Names of packages that tools of all languages understand.
pub(crate) mod purl;
/// Licences as SPDX writes them.
pub(crate) mod license;
/// What a document is made of: the manifest, its crates, its name, its time.
mod bill;
/// CycloneDX 1.6.
mod cyclonedx;
/// SPDX 2.3.
mod spdx;

pub(crate) use self::cyclonedx::cyclonedx;
pub(crate) use self::spdx::spdx;
