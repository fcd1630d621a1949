use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::program::scattered;
use crate::run_time::RunTime;
use crate::state::State;
use crate::verify_run_time::{overrides, verify_run_time};
use crate::workload::Workload;

/// What a contender that chooses at run time is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunTimeMode {
    /// Nothing.
    Noop,
    /// Load all plugins.
    Load,
    /// Find services by name.
    Get,
    /// Call a service that was selected once.
    Call,
    /// Select a service and call it, each time.
    Select,
    /// The same, with overrides in force.
    Overridden,
    /// Check everything.
    Verify,
}

impl RunTimeMode {
    const ALL: [RunTimeMode; 7] = [
        RunTimeMode::Noop,
        RunTimeMode::Load,
        RunTimeMode::Get,
        RunTimeMode::Call,
        RunTimeMode::Select,
        RunTimeMode::Overridden,
        RunTimeMode::Verify,
    ];

    /// The argument that names the mode.
    pub fn as_str(self) -> &'static str {
        match self {
            RunTimeMode::Noop => "noop",
            RunTimeMode::Load => "load",
            RunTimeMode::Get => "get",
            RunTimeMode::Call => "call",
            RunTimeMode::Select => "select",
            RunTimeMode::Overridden => "overridden",
            RunTimeMode::Verify => "verify",
        }
    }
}

/// The `main` of every contender that chooses at run time:
/// `contender <mode> <plugins> <times>`. It prints the nanoseconds that what
/// it did so many times took.
///
/// # Errors
///
/// What verification found, or what is wrong with the arguments.
#[expect(clippy::print_stdout, reason = "the runner reads it")]
pub fn run_time<C: RunTime>() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let mode = RunTimeMode::ALL
        .into_iter()
        .find(|mode| mode.as_str() == name)
        .ok_or_else(|| format!("there is no mode `{name}`"))?;
    let mut number = || {
        let text = arguments.next().unwrap_or_default();
        text.parse::<usize>().map_err(|error| format!("`{text}` is no number: {error}"))
    };
    let (size, times) = (number()?, number()?);
    let took = match mode {
        RunTimeMode::Noop => return Ok(()),
        RunTimeMode::Load => {
            let mut state = State::default();
            C::initialise(&mut state);
            black_box(state);
            return Ok(());
        }
        RunTimeMode::Verify => return verify_run_time::<C>(&Workload::new(size)),
        RunTimeMode::Get => get::<C>(size, times),
        RunTimeMode::Call => call::<C>(times)?,
        RunTimeMode::Select => {
            C::start();
            select::<C>(times)?
        }
        RunTimeMode::Overridden => {
            C::start();
            C::set_overrides(&overrides(&Workload::new(size).services()));
            select::<C>(times)?
        }
    };
    println!("{}", took.as_nanos());
    Ok(())
}

fn get<C: RunTime>(size: usize, times: usize) -> Duration {
    C::start();
    let workload = Workload::new(size);
    let names: Vec<&str> = scattered(size).map(|i| workload.plugins[i].name.as_str()).collect();
    let begin = Instant::now();
    for name in names.iter().cycle().take(times) {
        black_box(C::get(black_box(name)));
    }
    begin.elapsed()
}

/// Calls what was looked up before. No call needs the answer of another, here
/// and in [`select`]: waiting for it would hide what selecting costs.
fn call<C: RunTime>(times: usize) -> Result<Duration, String> {
    C::start();
    let service = black_box(C::select()).ok_or("nothing is selected")?;
    let mut answer = 0;
    let begin = Instant::now();
    for number in 0..times as u64 {
        answer ^= C::call(&service, number);
    }
    let took = begin.elapsed();
    black_box(answer);
    Ok(took)
}

fn select<C: RunTime>(times: usize) -> Result<Duration, String> {
    let mut answer = 0;
    let begin = Instant::now();
    for number in 0..times as u64 {
        let service = C::select().ok_or("nothing is selected")?;
        answer ^= C::call(&service, number);
    }
    let took = begin.elapsed();
    black_box(answer);
    Ok(took)
}
