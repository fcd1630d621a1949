use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use object::{Object as _, ObjectSymbol as _};
use serde_json::json;

use super::base::Base;
use super::library::Library;
use super::record::{Record, prefixed};
use super::stub::{show, stub};
use crate::child::{self, Group};

/// Errors by which the compiler says that crates do not fit together, which is
/// Cargo's to see to.
const OF_CRATES: [&str; 5] = ["[E0460]", "[E0461]", "[E0462]", "[E0463]", "[E0514]"];

/// What it takes to make a patch.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) record: Record,
    pub(super) base: Arc<OnceLock<Result<Base, String>>>,
    pub(super) program: PathBuf,
    /// Where `main` is in the process.
    pub(super) main: u64,
    /// A folder for it alone.
    pub(super) dir: PathBuf,
    /// What all patches of all processes have together: what the compiler makes,
    /// and what it remembers. One job at a time works there.
    pub(super) shared: PathBuf,
    pub(super) turn: Arc<Mutex<()>>,
    /// The folder of the linker that comes with Rust.
    pub(super) lld: Option<PathBuf>,
    pub(super) color: bool,
    pub(super) is_cancelled: Arc<AtomicBool>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Made {
    Patch(Patch),
    /// The compiler refused the code, and said why.
    Errors(String),
    /// It is not to be had this way, and why.
    Refused(String),
    Cancelled,
}

impl Patch {
    /// What the compiler said.
    pub(crate) fn said(&self) -> &str {
        &self.said
    }
}

/// A patch that was made for one process.
#[derive(Debug)]
pub(crate) struct Patch {
    /// What the app is told.
    pub(super) table: String,
    pub(super) compiled: Duration,
    pub(super) linked: Duration,
    /// What the compiler said: warnings.
    pub(super) said: String,
}

impl Job {
    pub(super) fn make(&self) -> Made {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_cancelled.load(Ordering::Relaxed) {
            return Made::Cancelled;
        }
        self.try_make().unwrap_or_else(|made| made)
    }

    fn try_make(&self) -> Result<Made, Made> {
        let (compiled, known) = (self.shared.join("made"), self.shared.join("incremental"));
        for dir in [&self.dir, &compiled] {
            let cannot =
                |error| Made::Refused(format!("{} cannot be made: {error}", dir.display()));
            fs::create_dir_all(dir).map_err(cannot)?;
        }
        let begun = Instant::now();
        let mut rustc = self.record.command(&compiled, &known, self.color);
        let (status, said) = self.run(&mut rustc)?;
        if !status.success() {
            return Err(match status.code() {
                Some(1) if !OF_CRATES.iter().any(|code| said.contains(code)) => Made::Errors(said),
                _ => Made::Refused(format!("the compiler ended with {status}")),
            });
        }
        let compiled = begun.elapsed();
        let begun = Instant::now();
        let table = self.link()?;
        Ok(Made::Patch(Patch { table, compiled, linked: begun.elapsed(), said }))
    }

    fn link(&self) -> Result<String, Made> {
        let base = self.base.get_or_init(|| Base::read(&self.program));
        let base = base.as_ref().map_err(|why| Made::Refused(why.clone()))?;
        let file = self.record.output();
        let rlib = self.shared.join("made").join(file.file_name().unwrap_or_default());
        let before = Library::read(&file).map_err(Made::Refused)?;
        let library = Library::read(&rlib).map_err(Made::Refused)?;
        if let Some(section) = library.registers {
            let why = format!("it registers something when it is loaded (`{section}`)");
            return Err(Made::Refused(why));
        }
        if before.entries != library.entries {
            return Err(Made::Refused("its plugins are other ones".to_owned()));
        }
        let reference = base.function("main").unwrap_or_default();
        let slide = self.main.wrapping_sub(reference);
        let object = stub(&library, base, slide).map_err(Made::Refused)?;
        let stub = self.dir.join("stub.o");
        let exports = self.dir.join("exports");
        let written = fs::write(&stub, object);
        written
            .and_then(|()| fs::write(&exports, "{ global: main; local: *; };\n"))
            .map_err(|error| Made::Refused(format!("a file cannot be written: {error}")))?;
        let lib = self.dir.join("patch.so");
        let (status, said) = self.run(&mut self.linker(&rlib, &stub, &exports, &lib))?;
        if !status.success() {
            let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            return Err(Made::Refused(format!("the linker ended with {status}: {first}")));
        }
        table(&lib, base, &library.entries.into_iter().collect::<Vec<_>>()).map_err(Made::Refused)
    }

    fn linker(&self, rlib: &Path, stub: &Path, exports: &Path, lib: &Path) -> Command {
        let mut linker = Command::new("cc");
        linker.args(["-shared", "-nostartfiles", "-o"]).arg(lib).arg(stub);
        if let Some(lld) = &self.lld {
            linker.arg("-fuse-ld=lld").arg(prefixed("-B", lld));
        }
        linker.arg("-Wl,--whole-archive").arg(rlib).arg("-Wl,--no-whole-archive");
        linker.arg(prefixed("-Wl,--version-script=", exports));
        // What is missing is told of when it is loaded, and not when it is called.
        linker.args(["-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,-Bsymbolic", "-Wl,--eh-frame-hdr"]);
        linker
    }

    /// Runs a program to its end, unless the job is cancelled: how it ended, and
    /// what it said.
    fn run(&self, command: &mut Command) -> Result<(ExitStatus, String), Made> {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut group =
            Group::start_apart(command).map_err(|error| Made::Refused(error.to_string()))?;
        let (_, stderr) = group.streams();
        let reader = stderr.map(|stderr| {
            std::thread::spawn(move || {
                let mut said = String::new();
                child::lines(stderr, |line| {
                    said.push_str(&line);
                    said.push('\n');
                    true
                });
                said
            })
        });
        loop {
            if self.is_cancelled.load(Ordering::Relaxed) {
                return Err(Made::Cancelled);
            }
            match group.try_wait() {
                Ok(Some(status)) => {
                    let said = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
                    return Ok((status, said));
                }
                Ok(None) => std::thread::sleep(Duration::from_millis(1)),
                Err(error) => return Err(Made::Refused(error.to_string())),
            }
        }
    }
}

/// The jump table, from the entry points of the program to those of the patch.
fn table(lib: &Path, base: &Base, entries: &[String]) -> Result<String, String> {
    let cannot = |error: String| format!("`{}` cannot be read: {error}", lib.display());
    let data = fs::read(lib).map_err(|error| cannot(error.to_string()))?;
    let file = object::File::parse(&*data).map_err(|error| cannot(error.to_string()))?;
    let address = |name: &str| {
        let mut symbols = file.symbols();
        let found = symbols.find(|symbol| symbol.name() == Ok(name) && symbol.is_definition());
        found.map(|symbol| symbol.address())
    };
    let mut map = serde_json::Map::new();
    for entry in entries {
        // One that the plan does not have is not in the program.
        let Some(old) = base.function(entry) else { continue };
        let new = address(entry).ok_or_else(|| format!("the patch has no `{}`", show(entry)))?;
        map.insert(old.to_string(), json!(new));
    }
    let new_base = address("main").ok_or("the patch has no `main`")?;
    let table = json!({
        "lib": lib,
        "map": map,
        "aslr_reference": base.function("main"),
        "new_base_address": new_base,
        "ifunc_count": 0,
    });
    Ok(table.to_string())
}
