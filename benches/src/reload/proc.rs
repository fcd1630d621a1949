use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// A process, told from later ones of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// When it began, in ticks since the machine did.
    began: u64,
}

/// What `/proc/<pid>/stat` says.
struct Stat {
    name: String,
    state: char,
    parent: i32,
    /// Of work, in the program and in the system, with what its threads did.
    ticks: u64,
    began: u64,
}

impl Process {
    pub(crate) fn of(pid: i32) -> Option<Self> {
        stat(pid).map(|stat| Process { pid, began: stat.began })
    }

    /// Whether it is there, and not just waited for.
    pub(crate) fn is_running(self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.began == self.began && stat.state != 'Z')
    }

    pub(crate) fn name(self) -> Option<String> {
        stat(self.pid).filter(|stat| stat.began == self.began).map(|stat| stat.name)
    }

    /// How much it has worked, in ticks of a hundredth of a second.
    pub(crate) fn ticks(self) -> Option<u64> {
        stat(self.pid).filter(|stat| stat.began == self.began).map(|stat| stat.ticks)
    }

    /// The same, to the nanosecond, where the system counts that.
    pub(crate) fn worked(self) -> Option<Duration> {
        let tasks = fs::read_dir(self.file("task")).ok()?.flatten();
        let nanoseconds = tasks.map(|task| -> Option<u64> {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse().ok()
        });
        nanoseconds.sum::<Option<u64>>().map(Duration::from_nanos)
    }

    /// What it holds now.
    pub(crate) fn holds(self) -> Option<Holds> {
        let count = |dir: &str| fs::read_dir(self.file(dir)).ok().map(Iterator::count);
        let status = fs::read_to_string(self.file("status")).ok()?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(Holds {
            memory: memory.trim().trim_end_matches(" kB").parse().ok()?,
            descriptors: count("fd")?,
            threads: count("task")?,
        })
    }

    /// Those that it started, or has adopted.
    pub(crate) fn children(self) -> Vec<Process> {
        let all = all().into_iter();
        all.filter(|(_, parent)| *parent == self.pid).map(|(process, _)| process).collect()
    }

    /// These, and those that they started.
    pub(crate) fn descendants(self) -> Vec<Process> {
        let all = all();
        let mut found = vec![self];
        let mut next = 0;
        while let Some(parent) = found.get(next).map(|process| process.pid) {
            found.extend(all.iter().filter(|(_, of)| *of == parent).map(|(process, _)| *process));
            next += 1;
        }
        found.split_off(1)
    }

    fn file(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }
}

/// What a process holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holds {
    /// In kilobytes.
    pub(crate) memory: u64,
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

/// Each process with the number of its parent.
fn all() -> Vec<(Process, i32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = stat(pid)?;
        Some((Process { pid, began: stat.began }, stat.parent))
    });
    all.collect()
}

fn stat(pid: i32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `17 (a name) S 1 …`; the name may have brackets of its own.
fn parse(text: &str) -> Option<Stat> {
    let (head, rest) = text.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // The state is the third one of the manual.
    let number = |nth: usize| fields.get(nth - 3)?.parse::<u64>().ok();
    Some(Stat {
        name: name.to_owned(),
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        ticks: number(14)? + number(15)?,
        began: number(22)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let text = "17 (a) b) S 5 17 17 0 -1 4194304 1 0 0 0 30 12 0 0 20 0 1 0 9876 1 2";
        let stat = parse(text).unwrap();
        assert_eq!((stat.name.as_str(), stat.state, stat.parent), ("a) b", 'S', 5));
        assert_eq!((stat.ticks, stat.began), (42, 9876));
        let own = Process::of(std::process::id().try_into().unwrap()).unwrap();
        assert!(own.is_running() && own.holds().unwrap().descriptors > 2);
    }
}
