//! What the pipeline and its plugins share: values, the plugin type, and the
//! register of those that were started.

#![forbid(unsafe_code)]

mod error;
mod logger;
mod value;
mod values;
mod plugins;

pub use self::error::PipelineError;
pub use self::logger::Logger;
pub use self::plugins::{ExecutionResult, PipelinePlugin, Plugins, Run};
pub use self::value::{Map, Value};
pub use self::values::Values;
