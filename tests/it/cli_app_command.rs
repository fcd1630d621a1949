//! `plugo db` and `plugo admin`, with an app that knows the commands and one that does
//! not. What the commands do is tested with an app that has a database.

use std::io::Write as _;
use std::process::Stdio;

use tests::{Project, Run, plugo};

/// It does what its second argument says.
const MAIN: &str = r#"
use std::io::Write as _;

plugo::plugins!();

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let file = std::env::var_os("PLUGO_COMMAND").expect("a file");
    match arguments.get(1).map(String::as_str) {
        Some("other") => std::thread::sleep(std::time::Duration::from_secs(600)),
        Some("ends") => println!("a server starts"),
        Some("interrupted") => {
            std::fs::File::create(file).expect("it can be made");
            let id = std::process::id().to_string();
            std::process::Command::new("kill").args(["-INT", &id]).status().expect("it is run");
            std::thread::sleep(std::time::Duration::from_secs(600));
        }
        Some("much") => {
            std::fs::File::create(file).expect("it can be made");
            print!("{}", "0123456789".repeat(100_000));
        }
        _ => {
            std::fs::File::create(file).expect("it can be made");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).expect("text");
            println!("{arguments:?} {}", line.trim());
            std::io::stdout().flush().expect("it is read");
            std::process::exit(7);
        }
    }
}
"#;

#[test]
fn the_app_answers_or_it_is_ended_and_its_author_is_told_what_to_add() {
    let project = Project::buildable("app-command").lagging().file("src/main.rs", MAIN);
    let mut asked = plugo(project.dir(), &["db", "--no-locked", "list", "--type", "x", "-v"]);
    asked.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = asked.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"what is piped in\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let problems = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        said, "[\"db\", \"list\", \"--type\", \"x\", \"-v\"] what is piped in\n",
        "{problems}"
    );
    assert_eq!(output.status.code(), Some(7), "the exit code is the app's");

    let admin = Run::of(
        plugo(project.dir(), &["-q", "admin", "--no-locked", "--listen", "x"]).stdin(Stdio::null()),
    );
    assert_eq!(admin.stdout, "[\"admin\", \"--listen\", \"x\"] \n");

    for (command, why) in
        [("ends", "it ended without an answer"), ("other", "it did something else for 10 seconds")]
    {
        let run =
            Run::of(plugo(project.dir(), &["db", "--no-locked", command]).stdin(Stdio::null()));
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
        assert!(run.stderr.contains(why), "{}", run.stderr);
        assert!(run.stderr.contains("plugo_admin::command(&registry"), "{}", run.stderr);
        // What it said is no answer, and not lost.
        assert_eq!(run.stderr.contains("a server starts"), command == "ends", "{}", run.stderr);
    }

    let much = Run::of(plugo(project.dir(), &["db", "--no-locked", "much"]).stdin(Stdio::null()));
    assert_eq!((much.code, much.stdout.len()), (Some(0), 1_000_000), "{}", much.stderr);

    #[cfg(unix)]
    {
        let mut ended = plugo(project.dir(), &["db", "--no-locked", "interrupted"]);
        let ended = Run::of(ended.stdin(Stdio::null()));
        assert_eq!(ended.code, Some(130), "as if `plugo` had heard it: {}", ended.stderr);
        assert!(!ended.stderr.contains("SIGINT"), "{}", ended.stderr);
    }
}
