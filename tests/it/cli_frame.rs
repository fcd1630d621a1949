//! What all commands have in common: help, names, exit codes, colours, and
//! programs that are commands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use expect_test::{expect, expect_file};
use tests::{Run, plugo, repository, scratch};

fn example() -> PathBuf {
    repository().join("examples/web-plugins")
}

/// `plugo` where nothing else on `PATH` is a command.
fn alone(args: &[&str]) -> Command {
    let mut command = plugo(&example(), args);
    command.env("PATH", "").env("COLUMNS", "100");
    command
}

/// The commands that a help text lists, with what is said of each.
fn listed(help: &str) -> Vec<(String, String)> {
    let (_, rest) = help.split_once("\nCommands:\n").unwrap_or_default();
    rest.lines()
        .take_while(|line| line.starts_with("  "))
        // What is said may go on in the next line.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.trim().split_once(' '))
        .filter(|(name, _)| *name != "help")
        .map(|(name, about)| (name.to_owned(), about.trim().to_owned()))
        .collect()
}

/// The help of every command, and of the commands below it, by the words that
/// call it.
fn helps() -> BTreeMap<String, String> {
    let mut helps = BTreeMap::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(words) = open.pop() {
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.push("--help");
        let help = Run::of(&mut alone(&args)).ok().stdout;
        for (name, _) in listed(&help) {
            open.push(words.iter().cloned().chain([name]).collect());
        }
        helps.insert(words.join("-"), help);
    }
    helps
}

#[test]
fn c01_the_commands_are_listed_each_with_what_it_is_for() {
    let help = Run::of(&mut alone(&["--help"])).ok().stdout;
    let commands = listed(&help);
    let names: Vec<&str> = commands.iter().map(|(name, _)| name.as_str()).collect();
    let ours = ["list", "explain", "graph", "check", "doctor", "completions", "man"];
    let found: Vec<&str> = names.iter().copied().filter(|name| ours.contains(name)).collect();
    assert_eq!(found, ours, "in the order of their priority");
    for (name, about) in &commands {
        assert!(about.starts_with(char::is_uppercase), "{name}: {about}");
        let by_help = Run::of(&mut alone(&["help", name])).ok().stdout;
        assert!(by_help.contains(about.split("  ").next().unwrap()), "{by_help}");
    }
}

#[test]
fn c02_without_a_command_the_help_is_shown_and_the_call_is_wrong() {
    let run = Run::of(&mut alone(&[]));
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.contains("Usage: plugo [OPTIONS] <COMMAND>"), "{}", run.stderr);
}

/// `UPDATE_EXPECT=1` writes the texts of new and changed commands.
#[test]
fn help_texts_are_as_they_were_read_last() {
    let folder = repository().join("tests/it/help");
    let helps = helps();
    for (name, help) in &helps {
        let file = if name.is_empty() { "plugo".to_owned() } else { format!("plugo-{name}") };
        // Of two paragraphs clap leaves blanks at the end of the empty line.
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        expect_file![folder.join(format!("{file}.txt"))].assert_eq(&(lines.join("\n") + "\n"));
    }
    let files = fs::read_dir(folder).unwrap().count();
    assert_eq!(files, helps.len(), "a text is of a command that is no more");
}

#[test]
fn the_help_of_every_command_shows_an_example_of_it() {
    for (name, help) in helps() {
        let words = name.replace('-', " ");
        let examples: Vec<&str> =
            help.lines().filter_map(|line| line.trim().strip_prefix("Example: ")).collect();
        let fits = |example: &&str| {
            let called = example.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
            // `new-ui-plugin` is one word, `clients diff` are two.
            example.starts_with("plugo ")
                && (called.starts_with(&name) || called.replace('-', " ").starts_with(&words))
        };
        // A command that only has commands shows an example of one of them.
        assert!(examples.iter().any(fits), "`plugo {words}` has no example: {help}");
        for example in examples.iter().filter(|_| !name.is_empty()) {
            for flag in example.split_whitespace().filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap();
                assert!(flag == "--" || help.contains(flag), "{example}: there is no `{flag}`");
            }
        }
    }
}

#[test]
fn the_documentation_has_a_line_for_every_command() {
    let page = fs::read_to_string(repository().join("docs/cli.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `plugo ")).collect();
    for (name, _) in listed(&Run::of(&mut alone(&["--help"])).ok().stdout) {
        let row = rows.iter().find(|row| {
            let called = row.trim_start_matches("| `plugo ");
            called.starts_with(&name) && called[name.len()..].starts_with(['`', ' '])
        });
        assert!(row.is_some(), "docs/cli.md has no row for `plugo {name}`");
    }
}

#[test]
fn a_mistyped_command_or_flag_is_a_wrong_call_with_the_nearest_one() {
    for (args, part) in [
        (&["lst"][..], "did you mean `list`?"),
        (&["lst", "--clinet", "acme"], "did you mean `list`?"),
        (&["list", "--clinet", "acme"], "'--client'"),
        (&["--colour", "never", "list"], "'--color'"),
        (&["graph", "--format", "svgg"], "'svg'"),
        (&["help", "lst"], "lst"),
        (&["man", "lst"], "did you mean `list`?"),
        (&["completions", "bsh"], "'bash'"),
    ] {
        let run = Run::of(&mut alone(args));
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(part), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn completions_and_man_pages_have_every_command() {
    let names: Vec<String> = helps().into_keys().collect();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = Run::of(&mut alone(&["completions", shell])).ok().stdout;
        for name in names.iter().flat_map(|name| name.split('-')) {
            assert!(script.contains(name), "{shell}: {name}");
        }
    }
    let page = Run::of(&mut alone(&["man"])).ok().stdout;
    assert!(page.contains(".TH plugo 1") && page.contains("plugo\\-list(1)"), "{page}");
    let page = Run::of(&mut alone(&["man", "explain"])).ok().stdout;
    assert!(page.contains(".TH plugo-explain 1"), "{page}");

    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("share/man1");
    let run = Run::of(alone(&["man", "--dir"]).arg(&pages)).ok();
    assert_eq!(run.stdout, "");
    for name in names {
        let file = if name.is_empty() { "plugo.1".to_owned() } else { format!("plugo-{name}.1") };
        assert!(pages.join(&file).is_file(), "{file}");
    }
}

#[test]
fn cargo_plugo_is_the_same_program() {
    let direct = Run::of(&mut plugo(&example(), &["list"])).ok();
    let program = PathBuf::from(plugo(&example(), &[]).get_program());
    let mut cargo = tests::cargo(&example(), &["plugo", "list"]);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = [program.parent().unwrap().to_owned()].into_iter();
    let path = std::env::join_paths(paths.chain(std::env::split_paths(&path))).unwrap();
    let by_cargo = Run::of(cargo.env("PATH", path)).ok();
    assert_eq!(by_cargo.stdout, direct.stdout);
}

#[test]
fn a_team_builds_its_own_plugo_with_commands_compiled_in() {
    let target = scratch().parent().unwrap().to_owned();
    let mut build = tests::cargo(repository(), &["build", "--locked", "--package", "own-plugo"]);
    Run::of(build.env("CARGO_TARGET_DIR", &target)).ok();
    let program = target.join("debug").join(format!("own-plugo{}", std::env::consts::EXE_SUFFIX));
    let own = |args: &[&str]| {
        let plugo = alone(args);
        let mut own = Command::new(&program);
        own.current_dir(example()).args(args);
        for (name, value) in plugo.get_envs() {
            match value {
                Some(value) => own.env(name, value),
                None => own.env_remove(name),
            };
        }
        own
    };
    let names = |help: &str| listed(help).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let built_in = names(&Run::of(&mut alone(&["--help"])).ok().stdout);
    let all = names(&Run::of(&mut own(&["--help"])).ok().stdout);
    assert_eq!(all, [built_in, vec!["stats".to_owned()]].concat());
    let stats = Run::of(own(&["stats"]).env("PATH", std::env::var_os("PATH").unwrap())).ok();
    expect![[r#"
        acme 4
        zeta 2
    "#]]
    .assert_eq(&stats.stdout);
}

#[test]
fn colours_are_shown_where_they_are_wanted() {
    let has_color = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = plugo(&example(), args);
        for variable in ["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR"] {
            command.env_remove(variable);
        }
        let run = Run::of(command.env("TERM", "xterm").envs(variables.iter().copied()));
        run.stderr.contains('\u{1b}') || run.stdout.contains('\u{1b}')
    };
    // A wrong name, help, and a wrong flag: three ways to write.
    for args in [&["lst"][..], &["list", "--help"], &["list", "--flag"]] {
        let and = |more: &[&'static str]| [more, args].concat();
        assert!(!has_color(args, &[]), "{args:?}: no terminal");
        assert!(has_color(&and(&["--color", "always"]), &[]), "{args:?}");
        assert!(has_color(&and(&["--color=always"]), &[("NO_COLOR", "1")]), "{args:?}");
        assert!(has_color(args, &[("CLICOLOR_FORCE", "1")]), "{args:?}");
        assert!(!has_color(&and(&["--color", "never"]), &[("CLICOLOR_FORCE", "1")]), "{args:?}");
    }
    assert!(!has_color(&["lst"], &[("NO_COLOR", "1")]));
}

#[test]
fn quiet_leaves_the_answer_and_what_is_wrong() {
    let project = tests::Project::new();
    let project =
        project.file("plugins/bare/metadata.json", "{}").file("build.rs", "fn main() {}\n");
    let project = project.settings("");
    fs::remove_file(project.dir().join("Cargo.lock")).unwrap();
    fs::copy(repository().join("Cargo.lock"), project.dir().join("Cargo.lock")).unwrap();
    let loud = Run::of(&mut plugo(project.dir(), &["list"])).ok();
    assert!(loud.stderr.contains("warning: "), "{}", loud.stderr);
    let quiet = Run::of(&mut plugo(project.dir(), &["-q", "list"])).ok();
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (loud.stdout, ""));
    let wrong = Run::of(&mut plugo(project.dir(), &["-q", "lst"]));
    assert!(wrong.stderr.starts_with("error: "), "{}", wrong.stderr);
    let both = Run::of(&mut plugo(project.dir(), &["-q", "-v", "list"]));
    assert_eq!(both.code, Some(2));
}

#[test]
fn a_folder_that_is_no_package_is_a_wrong_call() {
    let nowhere = tempfile::tempdir().unwrap();
    let path = |text: &str| text.replace(&*nowhere.path().to_string_lossy(), "<folder>");
    let run = Run::of(&mut plugo(nowhere.path(), &["list"]));
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    expect![[r#"
        error: `<folder>` is in no Cargo package; `cargo new shop && cd shop && plugo init` makes an app
    "#]]
    .assert_eq(&path(&run.stderr));
    let run = Run::of(&mut plugo(nowhere.path(), &["list", "--manifest-path", "Cargo.toml"]));
    assert_eq!(run.code, Some(2));

    let manifest = "[package]\nname = \"plain\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
    fs::write(nowhere.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(nowhere.path().join("src")).unwrap();
    fs::write(nowhere.path().join("src/main.rs"), "fn main() {}\n").unwrap();
    let run = Run::of(&mut plugo(nowhere.path(), &["list"]));
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.contains("no package here is an app"), "{}", run.stderr);
}

#[test]
fn a_manifest_that_cargo_cannot_read_is_shown_with_its_words() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Cargo.toml"), "[package\nname = \"shop\"\n").unwrap();
    let run = Run::of(&mut plugo(dir.path(), &["check"]));
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(run.stderr.contains("Cargo.toml:1:9"), "{}", run.stderr);
}

#[test]
fn of_several_apps_of_a_workspace_one_has_to_be_named() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n");
    write("plugo-build/Cargo.toml", "[package]\nname = \"plugo-build\"\nversion = \"1.0.0\"\n");
    write("plugo-build/src/lib.rs", "");
    for app in ["shop", "desk"] {
        let manifest = format!(
            "[package]\nname = {app:?}\nversion = \"1.0.0\"\n[build-dependencies]\nplugo-build = {{ path = \"../plugo-build\" }}\n"
        );
        write(&format!("{app}/Cargo.toml"), &manifest);
        write(&format!("{app}/build.rs"), "fn main() {}\n");
        write(
            &format!("{app}/src/main.rs"),
            "#[plugo::plugin(name = \"own\")]\nfn f() {}\nfn main() {}\n",
        );
    }
    let several = Run::of(&mut plugo(dir.path(), &["list"]));
    assert_eq!((several.code, several.stdout.as_str()), (Some(2), ""));
    assert!(
        several.stderr.contains("`desk`, `shop`; name one with `--package`"),
        "{}",
        several.stderr
    );
    for (at, args) in
        [("", &["list", "-p", "shop"][..]), ("shop", &["list"]), ("shop/src", &["list"])]
    {
        let run = Run::of(&mut plugo(&dir.path().join(at), args)).ok();
        assert!(run.stdout.contains("own"), "{at}: {}", run.stdout);
    }
    let typo = Run::of(&mut plugo(dir.path(), &["list", "-p", "shpo"]));
    assert!(
        typo.code == Some(2) && typo.stderr.contains("did you mean `shop`?"),
        "{}",
        typo.stderr
    );
}

#[test]
fn without_cargo_the_environment_is_broken() {
    let run = Run::of(plugo(&example(), &["list"]).env_remove("CARGO").env("PATH", ""));
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert!(run.stderr.contains("`cargo metadata` cannot be run"), "{}", run.stderr);
    assert!(run.stderr.contains("is Rust installed?"), "{}", run.stderr);
    // What needs no Cargo works.
    Run::of(alone(&["explain", "feature-off"]).env_remove("CARGO")).ok();
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::io::Read as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Programs in a folder, with their text and whether they may be run.
    fn programs(programs: &[(&str, &str, bool)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text, may_run) in programs {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            let mode = if *may_run { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        dir
    }

    fn on_path(dirs: &[&Path], args: &[&str]) -> Run {
        let path = std::env::join_paths(dirs.iter().copied().chain([Path::new("/bin")])).unwrap();
        Run::of(alone(args).env("PATH", path))
    }

    #[test]
    fn c06_programs_on_path_are_commands() {
        let first = programs(&[
            ("plugo-deploy", "#!/bin/sh\necho \"first: $*\"\nexit 7\n", true),
            ("plugo-list", "#!/bin/sh\necho shadowed\n", true),
            ("plugo-notes", "not for running", false),
            ("plugo-", "#!/bin/sh\n", true),
            ("plugo--flag", "#!/bin/sh\n", true),
            ("plugo-help", "#!/bin/sh\n", true),
        ]);
        fs::create_dir(first.path().join("plugo-folder")).unwrap();
        let second = programs(&[
            ("plugo-deploy", "#!/bin/sh\necho second\n", true),
            ("plugo-audit", "#!/bin/sh\necho audited\n", true),
        ]);
        let dirs = [first.path(), second.path()];
        let help = on_path(&dirs, &["--help"]).ok().stdout;
        assert!(help.contains("is the command <name>; here are: audit, deploy."), "{help}");

        // It gets its arguments as they are, its exit code is the answer's.
        let all = ["-q", "--to", "acme", "-v", "--color", "x", "--help", "--", "y"];
        let run = on_path(&dirs, &[&["deploy"], &all[..]].concat());
        let printed = format!("first: {}\n", all.join(" "));
        assert_eq!((run.code, run.stdout), (Some(7), printed));
        assert_eq!(on_path(&dirs, &["-q", "audit"]).ok().stdout, "audited\n");
        assert!(on_path(&dirs, &["list", "--help"]).ok().stdout.contains("--client"), "ours wins");
        let typo = on_path(&dirs, &["deplyo"]);
        assert!(typo.stderr.contains("did you mean `deploy`?"), "{}", typo.stderr);
        // Completions are of what is built in.
        let script = on_path(&dirs, &["completions", "fish"]).ok().stdout;
        assert!(!script.contains("deploy"));
    }

    #[test]
    fn c07_a_broken_program_breaks_only_itself() {
        let dir = programs(&[
            ("plugo-broken", "\u{7f}ELF and nothing else", true),
            ("plugo-gone", "#!/no/such/shell\n", true),
            ("plugo-killed", "#!/bin/sh\nkill -9 $$\n", true),
            ("plugo-fine", "#!/bin/sh\necho fine\n", true),
        ]);
        let run = |args: &[&str]| on_path(&[dir.path()], args);
        assert!(run(&["--help"]).ok().stdout.contains("broken"));
        for name in ["broken", "gone"] {
            let broken = run(&[name]);
            assert_eq!((broken.code, broken.stdout.as_str()), (Some(3), ""));
            let part = format!("error: the command `{name}`, which is `");
            assert!(broken.stderr.starts_with(&part), "{}", broken.stderr);
        }
        let killed = run(&["killed"]);
        assert_eq!(killed.code, Some(1));
        assert!(killed.stderr.contains("was ended by a signal"), "{}", killed.stderr);
        assert_eq!(run(&["fine"]).ok().stdout, "fine\n");
        run(&["explain", "conflict"]).ok();
    }

    #[test]
    fn arguments_that_are_no_text_reach_programs_and_are_refused_by_us() {
        let dir = programs(&[("plugo-echo", "#!/bin/sh\nprintf '%s' \"$1\"\n", true)]);
        let odd = OsStr::from_bytes(b"a\xff");
        let path = std::env::join_paths([dir.path(), Path::new("/bin")]).unwrap();
        let mut echo = alone(&["echo"]);
        let output = echo.env("PATH", path).arg(odd).output().unwrap();
        assert_eq!(output.stdout, b"a\xff");
        for args in [&["list", "--client"][..], &["explain"], &[]] {
            let run = Run::of(alone(args).arg(odd));
            assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}: {}", run.stderr);
        }
    }

    #[test]
    fn a_manifest_that_is_named_is_that_packages_own() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n");
        write("Cargo.lock", "version = 4\n");
        for name in ["a", "b"] {
            let manifest = format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                 [build-dependencies]\nplugo-build = {}\n",
                tests::Project::crate_at("plugo-build")
            );
            write(&format!("{name}/Cargo.toml"), &manifest);
            let own =
                format!("#[plugo::plugin(name = \"of-{name}\")] fn init() {{}}\nfn main() {{}}\n");
            write(&format!("{name}/src/main.rs"), &own);
        }
        let list = |args: &[&str]| {
            Run::of(&mut plugo(&dir.path().join("a"), &[&["list"], args].concat())).ok().stdout
        };
        assert!(list(&[]).contains("of-a"));
        assert!(list(&["--manifest-path", "../b/Cargo.toml"]).contains("of-b"));
        assert!(list(&["--package", "b"]).contains("of-b"));
    }

    #[test]
    fn a_reader_that_goes_away_is_no_error() {
        for args in
            [&["list"][..], &["--help"], &["completions", "zsh"], &["graph", "--format", "svg"]]
        {
            let mut command = plugo(&example(), args);
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert!(child.wait().unwrap().success(), "{args:?}: {said}");
            assert_eq!(said, "", "{args:?}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_written_is_told_of() {
        if !Path::new("/dev/full").exists() {
            return;
        }
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = plugo(&example(), &["list"]).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("the answer cannot be written"), "{said}");
    }

    #[test]
    fn a_current_folder_that_is_gone_is_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let gone = dir.path().join("gone");
        fs::create_dir(&gone).unwrap();
        let program = plugo(&gone, &[]).get_program().to_owned();
        let mut shell = Command::new("/bin/sh");
        shell.current_dir(&gone).args(["-c", "rmdir ../gone && exec \"$0\" list"]).arg(program);
        let run = Run::of(&mut shell);
        assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{}", run.stderr);
        assert!(run.stderr.contains("there is no current folder"), "{}", run.stderr);
    }

    /// As root, every folder can be written.
    #[test]
    fn a_folder_that_may_not_be_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let example = dir.path().join("app");
        fs::create_dir_all(example.join("src")).unwrap();
        fs::create_dir_all(example.join("plugo-build/src")).unwrap();
        let manifest = |name: &str, more: &str| {
            format!("[package]\nname = {name:?}\nversion = \"1.0.0\"\nedition = \"2024\"\n{more}")
        };
        let more = "[build-dependencies]\nplugo-build = { path = \"plugo-build\" }\n[workspace]\n";
        fs::write(example.join("Cargo.toml"), manifest("app", more)).unwrap();
        fs::write(example.join("plugo-build/Cargo.toml"), manifest("plugo-build", "")).unwrap();
        fs::write(example.join("plugo-build/src/lib.rs"), "").unwrap();
        for file in ["src/main.rs", "build.rs"] {
            fs::write(example.join(file), "fn main() {}\n").unwrap();
        }
        let read_only = |on: bool| {
            let mode = if on { 0o555 } else { 0o755 };
            fs::set_permissions(&example, fs::Permissions::from_mode(mode)).unwrap();
        };
        read_only(true);
        let may_write = fs::write(example.join("probe"), "").is_ok();
        if !may_write {
            // Without a lock file, Cargo would have to write one.
            let run = Run::of(&mut plugo(&example, &["list"]));
            assert_eq!(run.code, Some(3), "{}", run.stderr);
            read_only(false);
            Run::of(&mut tests::cargo(&example, &["generate-lockfile"])).ok();
            read_only(true);
        }
        for command in ["list", "check", "graph"] {
            Run::of(&mut plugo(&example, &[command])).ok();
        }
        read_only(false);
    }
}
