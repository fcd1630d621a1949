//! The JSON schemas (draft 2020-12) of the files that plugo reads and writes.
//!
//! An editor that is shown one completes and checks a file while it is
//! written. What is said in two places of a file, and what depends on other
//! files, only the build can check.
//!
//! ```
//! // A tool that sets up a repository may put a schema beside the file.
//! assert!(plugo_build::schema::CONFIG.contains("https://json-schema.org/draft/2020-12/schema"));
//! ```

/// The schema of `plugins_config.json` and of the files of clients.
pub const CONFIG: &str = include_str!("../schemas/plugins_config.schema.json");

/// The schema of `metadata.json`.
pub const METADATA: &str = include_str!("../schemas/metadata.schema.json");

/// The schema of `plugo-manifest.json`, format 1.
pub const MANIFEST: &str = include_str!("../schemas/plugo-manifest.schema.json");
