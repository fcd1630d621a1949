//! `plugo inspect`, `verify`, `size`, `licenses` and `vendor`, on programs
//! that Cargo built.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::{Value, json};
use tests::{Project, Run, cargo, plugo, repository, scratch, shared_target};

/// An app with a plugin for each of two clients, and one that both have.
fn shop(name: &str) -> Project {
    let optional = |plugin: &str| {
        format!("{name}-{plugin} = {{ path = \"plugins/{plugin}\", optional = true }}")
    };
    let source = |plugin: &str| {
        format!(
            "#[plugo::plugin(name = {plugin:?})]\n\
             fn init_plugin() {{ println!(\"{plugin}\"); }}\n"
        )
    };
    let mut project = Project::buildable(name);
    for plugin in ["auth", "blog", "cart"] {
        project = project
            .dependencies(&optional(plugin))
            .features(&format!("{plugin} = [\"dep:{name}-{plugin}\"]"))
            .plugin_crate(plugin, "", &source(plugin));
    }
    project
        .file("src/lib.rs", "")
        .file(
            "src/main.rs",
            "plugo::plugins!();\nfn main() { plugo::load_plugins(plugo::kwargs! {}); }\n",
        )
        .client("acme", &["blog", "auth"])
        .client("zeta", &["cart", "auth"])
        .features("client-acme = [\"auth\", \"blog\"]\nclient-zeta = [\"auth\", \"cart\"]")
        .file("plugins/blog/metadata.json", r#"{ "priority": -1 }"#)
}

/// Brings the lock file in line with manifests that were edited, as any call of Cargo does.
fn settle(project: &Project) {
    Run::of(&mut cargo(project.dir(), &["tree", "--quiet"])).ok();
}

/// What `plugo build` leaves for a client, stripped; and the program in it.
fn shipped(project: &Project, name: &str, client: &str) -> PathBuf {
    let strip = ["--", "--config", "profile.dev.strip=true"];
    let args = [&["build", "--client", client][..], &strip].concat();
    Run::of(&mut plugo(project.dir(), &args)).ok();
    let folder = shared_target().join("plugo").join(client);
    let mut files: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    let all =
        ["bom.cdx.json", "bom.spdx.json", "plugo-manifest.json", "requirements-plugins.toml", name];
    assert_eq!(files, all);
    // Another test may build for a client of this name.
    let kept = project.dir().join(format!("dist-{client}"));
    fs::create_dir_all(&kept).unwrap();
    for file in &files {
        fs::copy(folder.join(file), kept.join(file)).unwrap();
    }
    kept.join(name)
}

/// A stripped copy of a program with this section `.plugo0`, or without one.
fn with_section(program: &Path, section: &[u8], file: &Path) {
    let content = file.with_extension("section");
    fs::write(&content, section).unwrap();
    let mut objcopy = Command::new("objcopy");
    objcopy.args(["--strip-all", "--remove-section", ".plugo0"]);
    if !section.is_empty() {
        objcopy.arg("--add-section").arg(format!(".plugo0={}", content.display()));
    }
    Run::of(objcopy.arg(program).arg(file)).ok();
}

/// A program of this test run; the tests themselves are apps too.
fn any_program() -> PathBuf {
    let _ = plugo(repository(), &[]);
    scratch().parent().unwrap().join("debug/plugo")
}

#[track_caller]
fn answer(dir: &Path, args: &[&str]) -> (Option<i32>, Value) {
    let run = Run::of(&mut plugo(dir, &[args, &["--format", "json"]].concat()));
    let json: Value = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", run.stdout, run.stderr));
    let path = repository().join(format!("plugo-cli/schemas/{}.schema.json", args[0]));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = schema.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    (run.code, json)
}

fn kinds(answer: &Value) -> Vec<&str> {
    let differences = answer["differences"].as_array().unwrap();
    differences.iter().map(|difference| difference["kind"].as_str().unwrap()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_stripped_file_says_what_is_in_it_and_is_verified_for_its_client_alone() {
    let project = shop("shipped");
    let dir = &project.dir().to_owned();
    let acme = shipped(&project, "shipped", "acme");
    let acme = acme.to_str().unwrap();

    let run = Run::of(&mut plugo(dir, &["inspect", acme])).ok();
    assert!(run.stdout.contains("client       acme\n"), "{}", run.stdout);
    assert!(
        run.stdout.contains(
            "order  plugin  version  crate               entry point\n    \
                 1  blog    1.0.0    shipped-blog 1.0.0  linked\n    \
                 2  auth    1.0.0    shipped-auth 1.0.0  linked\n"
        ),
        "{}",
        run.stdout
    );
    let (code, inspected) = answer(dir, &["inspect", acme]);
    assert_eq!((code, &inspected["manifest"]), (Some(0), &json!("present")));
    assert_eq!(inspected["plugins"].as_array().unwrap().len(), 2);
    let krate = |name: &str| {
        let mut crates = inspected["crates"].as_array().unwrap().iter();
        crates.find(|krate| krate["name"] == name).cloned()
    };
    assert_eq!(krate("shipped-blog").unwrap()["needed_by"], json!(["blog"]));
    assert_eq!(krate("shipped-cart"), None);

    // For its own client, from the repository and from the manifest.
    let run = Run::of(&mut plugo(dir, &["verify", acme, "--client", "acme"])).ok();
    assert!(run.stdout.contains("its 2 plugins, no more and no less"), "{}", run.stdout);
    let manifest = dir.join("dist-acme/plugo-manifest.json");
    let manifest = manifest.to_str().unwrap();
    let (code, verified) = answer(dir, &["verify", acme, "--manifest", manifest]);
    assert_eq!((code, &verified["verified"]), (Some(0), &json!(true)));
    let kept: Value = serde_json::from_str(&fs::read_to_string(manifest).unwrap()).unwrap();
    assert_eq!((&kept["verified"], &kept["client"]), (&json!(true), &json!("acme")));
    assert_eq!(
        (&verified["fingerprint"], &verified["app"]),
        (&kept["fingerprint"], &json!("shipped"))
    );
    // A list that was changed by hand, with its old fingerprint.
    let edited = dir.join("edited.json");
    let mut list = kept.clone();
    list["crates"][0]["license"] = json!("MIT");
    fs::write(&edited, list.to_string()).unwrap();
    let run = Run::of(&mut plugo(dir, &["verify", acme, "--manifest", edited.to_str().unwrap()]));
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
    assert!(run.stderr.contains("was changed after it was made"), "{}", run.stderr);
    let run = Run::of(&mut plugo(dir, &["verify", acme, "--manifest", "nowhere.json"]));
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let component = |bom: &str| {
        let bom = fs::read_to_string(dir.join("dist-acme").join(bom)).unwrap();
        bom.contains("shipped-blog") && !bom.contains("shipped-cart")
    };
    assert!(component("bom.cdx.json") && component("bom.spdx.json"));
    // What could not be compared is not verified.
    let home = tempfile::tempdir().unwrap();
    let mut verify = plugo(dir, &["verify", acme, "--client", "acme", "--format", "json"]);
    let run = Run::of(verify.env("CARGO_HOME", home.path()));
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
    assert!(run.stderr.contains("[cargo-failed] `cargo tree`"), "{}", run.stderr);
    // For the other one it is not.
    let (code, other) = answer(dir, &["verify", acme, "--client", "zeta"]);
    assert_eq!((code, &other["verified"]), (Some(1), &json!(false)));
    assert_eq!(kinds(&other)[..3], ["other-client", "missing", "surplus"]);
    let run = Run::of(&mut plugo(dir, &["verify", acme, "--client", "zeta"]));
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("`blog` is linked (from shipped-blog 1.0.0), and not planned"));
    let run = Run::of(&mut plugo(dir, &["verify", acme, "--client", "acne"]));
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("did you mean `acme`?"), "{}", run.stderr);

    let run = Run::of(&mut plugo(dir, &["verify", acme]));
    assert_eq!(run.code, Some(1));
    let asked = "it was built for `acme`; did you mean `--client acme`?";
    assert!(run.stdout.contains(asked), "{}", run.stdout);

    // What happened to the repository since.
    let project = project.file("plugins/auth/metadata.json", r#"{ "priority": -2 }"#);
    let (_, later) = answer(dir, &["verify", acme, "--client", "acme"]);
    assert_eq!(kinds(&later), ["other-order"]);
    fs::remove_file(dir.join("plugins/auth/metadata.json")).unwrap();
    let text = fs::read_to_string(dir.join("plugins/blog/Cargo.toml")).unwrap();
    let project = project.file(
        "plugins/blog/Cargo.toml",
        text.replace("version = \"1.0.0\"", "version = \"1.1.0\""),
    );
    settle(&project);
    let (_, later) = answer(dir, &["verify", acme, "--client", "acme"]);
    assert_eq!(kinds(&later), ["other-version", "other-version", "crate-missing", "crate-surplus"]);
    let project = project.file("plugins/blog/Cargo.toml", text);
    settle(&project);

    // The manifest taken out, damaged, and of a newer format.
    let bare = dir.join("bare");
    let built = Path::new(acme);
    let newer = compress_to_vec_zlib(br#"{"format":2}"#, 6);
    for (section, manifest, kind) in [
        (&b""[..], "absent", "no-manifest"),
        (b"x", "damaged", "damaged"),
        (&newer, "newer", "newer"),
    ] {
        with_section(built, section, &bare);
        let bare = bare.to_str().unwrap();
        let (code, inspected) = answer(dir, &["inspect", bare]);
        assert_eq!(inspected["manifest"], manifest);
        assert_eq!(code, Some(if manifest == "absent" { 0 } else { 1 }), "{manifest}");
        let names: Vec<&Value> =
            inspected["plugins"].as_array().unwrap().iter().map(|plugin| &plugin["name"]).collect();
        assert_eq!(names, ["auth", "blog"], "the entry points still tell");
        let (code, verified) = answer(dir, &["verify", bare, "--client", "acme"]);
        assert_eq!((code, kinds(&verified)), (Some(1), vec![kind]));
    }

    // A file is not trusted for its target, and nobody else is blamed for it.
    let embedded = |target: &str| {
        let mut list = crate::cli_evidence::section(built, ".plugo0").unwrap();
        list["target"] = json!(target);
        compress_to_vec_zlib(list.to_string().as_bytes(), 6)
    };
    fs::write(dir.join("here.json"), "{}").unwrap();
    for (target, why) in [
        ("z80-none-none", "which rustc does not know"),
        ("here.json", "which is the name of none"),
        ("/etc/hostname", "which is the name of none"),
        ("-Zhelp", "which is the name of none"),
        ("..", "which rustc does not know"),
    ] {
        with_section(built, &embedded(target), &bare);
        let run = Run::of(&mut plugo(dir, &["verify", bare.to_str().unwrap(), "--client", "acme"]));
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
        let said = format!("the file says that its target is `{target}`, {why}");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
    }

    // A plugin in the list whose entry point is not there.
    let mut list = crate::cli_evidence::section(built, ".plugo0").unwrap();
    list["plugins"][0]["name"] = json!("ghost");
    with_section(built, &compress_to_vec_zlib(list.to_string().as_bytes(), 6), &bare);
    let (code, inspected) = answer(dir, &["inspect", bare.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert_eq!(inspected["problem"], "its manifest has `ghost`, which is not linked");

    // A package of the workspace that turns on another client's plugin, built along with the app.
    let member = "[package]\nname = \"along\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\
                  [dependencies]\nshipped = { path = \"..\", default-features = false, features = [\"cart\"] }\n";
    let text = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
    let project = project
        .file("Cargo.toml", text.replace("[workspace]", "[workspace]\nmembers = [\"along\"]"))
        .file("along/Cargo.toml", member)
        .file("along/src/lib.rs", "");
    settle(&project);
    let features = ["--no-default-features", "--features", "client-acme"];
    let args = [&["build", "--workspace"][..], &features].concat();
    Run::of(&mut cargo(dir, &args)).ok();
    let leaked = shared_target().join("debug").join("shipped");
    let (code, verified) = answer(dir, &["verify", leaked.to_str().unwrap(), "--client", "acme"]);
    assert_eq!((code, kinds(&verified)), (Some(1), vec!["feature-on"]));
    assert_eq!(verified["differences"][0]["subject"], "cart");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_no_app_is_told_of_for_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let program = fs::read(any_program()).unwrap();
    fs::write(at("text"), "plugo").unwrap();
    fs::write(at("empty"), "").unwrap();
    fs::write(at("cut"), &program[..4096]).unwrap();
    fs::write(at("wasm"), b"\0asm\x01\0\0\0\0\x06\x04none\0").unwrap();
    fs::File::create(at("large")).unwrap().set_len(2 << 30).unwrap();
    for (file, code, part) in [
        ("text", 1, "`text` is no program: not ELF, Mach-O, PE or WebAssembly"),
        ("empty", 1, "`empty` is empty"),
        ("cut", 1, "its sections cannot be read"),
        ("wasm", 1, "is wasm, and no app of plugo"),
        ("large", 1, "is no program"),
        (".", 2, "is a folder; name the program in it"),
        ("/dev/null", 2, "`/dev/null` is no regular file"),
        ("missing", 2, "there is no file `"),
    ] {
        let run = Run::of(&mut plugo(dir.path(), &["inspect", file]));
        assert_eq!(run.code, Some(code), "{file}: {}", run.stderr);
        assert!(run.stdout.is_empty() && run.stderr.contains(part), "{file}: {}", run.stderr);
    }
    let (code, text) = answer(dir.path(), &["inspect", "text"]);
    assert_eq!((code, &text["kind"], &text["plugins"]), (Some(1), &Value::Null, &json!([])));

    // Without the table of its sections, and cut off behind the entry points: they are found.
    #[cfg(target_os = "linux")]
    {
        let mut bare = program.clone();
        bare[0x28..0x30].fill(0);
        bare[0x3C..0x40].fill(0);
        fs::write(at("bare"), bare).unwrap();
        let (_, bare) = answer(dir.path(), &["inspect", "bare"]);
        assert_eq!(bare["manifest"], "absent");
        assert!(
            bare["plugins"].as_array().unwrap().iter().any(|plugin| plugin["name"] == "inspect")
        );
        fs::write(at("short"), &program[..program.len() - 1000]).unwrap();
        let (code, short) = answer(dir.path(), &["inspect", "short"]);
        assert_eq!(code, Some(1));
        assert!(short["plugins"].as_array().unwrap().iter().any(|plugin| plugin["name"] == "list"));
    }
}

#[test]
fn the_documented_reader_lists_the_plugins_of_a_file() {
    let text = fs::read_to_string(repository().join("docs/inspect.md")).unwrap();
    let code = text.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    // Where there is no Python, nothing can be said of it.
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let run = Run::of(Command::new("python3").args(["-c", code]).arg(any_program())).ok();
    let version = env!("CARGO_PKG_VERSION");
    let line = format!("plugo.commands/inspect from plugo-cli@{version}\n");
    assert!(run.stdout.contains(&line), "{}", run.stdout);
    let (_, inspected) = answer(repository(), &["inspect", any_program().to_str().unwrap()]);
    assert_eq!(run.stdout.lines().count(), inspected["plugins"].as_array().unwrap().len());
}

fn example() -> PathBuf {
    repository().join("examples/web-plugins")
}

#[test]
fn licences_are_judged_as_expressions_and_refusals_name_the_plugins() {
    let allow = ["licenses", "--client", "zeta", "--allow", "MIT,Apache-2.0,Unicode-3.0,ISC"];
    let check = |more: &[&str], code: i32, part: &str| {
        let run = Run::of(&mut plugo(&example(), &[&allow, more].concat()));
        assert_eq!(run.code, Some(code), "{}", run.stderr);
        assert!(run.stderr.contains(part), "{}", run.stderr);
        run
    };
    check(&["--allow", "BSD-3-Clause"], 0, "");
    check(&["--except", "matchit"], 0, "");
    check(&["--except", "matchit,mathcit"], 0, "`--except mathcit`: no crate");
    let refused = check(&[], 1, "`MIT AND BSD-3-Clause`: `BSD-3-Clause` is not allowed\n");
    let line = refused.stderr.lines().find(|line| line.contains("matchit")).unwrap();
    assert!(line.contains("catalog"), "it names the plugins: {line}");
    assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    check(&["--allow", "BSD-3-Clause", "--deny", "Apache2"], 2, "did you mean `Apache-2.0`?");

    let (code, licenses) = answer(&example(), &["licenses", "--client", "acme", "--deny", "ISC"]);
    assert_eq!((code, &licenses["allowed"]), (Some(1), &json!(false)));
    let crates = licenses["crates"].as_array().unwrap();
    let uuid = crates.iter().find(|krate| krate["name"] == "uuid").unwrap();
    assert_eq!(uuid["license"], "Apache-2.0 OR MIT");
    assert!(uuid["needed_by"].as_array().unwrap().contains(&json!("auth")));
}

#[cfg(unix)]
#[test]
fn what_a_plugin_adds_is_measured_and_held_against_a_budget() {
    let args = ["size", "--client", "acme", "--dry-run"];
    let run = Run::of(&mut plugo(&example(), &args)).ok();
    let said = "Would measure `web-plugins` in 5 release builds";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(run.stdout.starts_with("1  with every plugin\n2  without "), "{}", run.stdout);
    let (code, planned) = answer(&example(), &args);
    assert_eq!((code, &planned["builds"]), (Some(0), &json!(5)));
    assert_eq!((&planned["bytes"], &planned["without"][0]), (&Value::Null, &json!([])));
    let run = Run::of(&mut plugo(&example(), &[&args[..], &["--budget-file", "no"]].concat()));
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let run = Run::of(&mut plugo(&example(), &[&args[..], &["--budget", "clock=1"]].concat()));
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("`clock`, which is not in this build"), "{}", run.stderr);

    // Two at once would take each other's files.
    let dir = shared_target().join("plugo/.size");
    fs::create_dir_all(&dir).unwrap();
    let held = fs::File::create(dir.join("lock")).unwrap();
    held.lock().unwrap();
    let mut size = plugo(&example(), &["size", "--client", "acme"]);
    let mut waiting = size.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(waiting.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("Blocking another command measures here")));
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    drop(held);

    let large = "static LARGE: [u8; 50_000] = [7; 50_000];\n\
                 #[plugo::plugin(name = \"auth\")]\n\
                 fn init_plugin(at: &usize) { println!(\"{}\", std::hint::black_box(&LARGE)[*at]); }\n";
    let project = shop("measured")
        .file("plugins/auth/src/lib.rs", large)
        .file("plugins/blog/metadata.json", r#"{ "dependencies": ["auth"] }"#);
    let before = fs::read_to_string(project.dir().join("clients/acme.json")).unwrap();
    let (code, sizes) = answer(
        project.dir(),
        &["size", "--client", "acme", "--budget", "blog=40_000", "--budget", "auth=40_000"],
    );
    assert_eq!((code, &sizes["builds"]), (Some(1), &json!(3)));
    let bytes = |i: usize| sizes["plugins"][i]["bytes"].as_i64().unwrap();
    assert_eq!(
        (&sizes["plugins"][0]["name"], &sizes["plugins"][1]["name"]),
        (&json!("auth"), &json!("blog"))
    );
    assert!((50_000..60_000).contains(&bytes(0)) && bytes(1) < 10_000, "{sizes}");
    assert_eq!(sizes["plugins"][0]["crates"][0]["name"], "measured-auth");
    assert_eq!(sizes["over"].as_array().unwrap().len(), 1);
    // No file of the user's is another one.
    assert_eq!(fs::read_to_string(project.dir().join("clients/acme.json")).unwrap(), before);
    assert!(!project.dir().join("plugins_config.json").exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_while_vendoring_leaves_nothing_behind() {
    use std::os::unix::fs::PermissionsExt as _;

    let project = shop("unvendored");
    let dir = project.dir();
    // A Cargo that takes its time to vendor.
    let slow = dir.join("slow-cargo");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = vendor ]; then touch started; exec sleep 300; fi\nexec {:?} \"$@\"\n",
        env!("CARGO")
    );
    fs::write(&slow, script).unwrap();
    fs::set_permissions(&slow, fs::Permissions::from_mode(0o755)).unwrap();
    for signal in ["-INT", "-TERM"] {
        let mut vendor = plugo(dir, &["vendor", "--client", "acme"]);
        let child = vendor.env("CARGO", &slow).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = child.spawn().unwrap();
        let started = dir.join("started");
        for _ in 0..600 {
            if started.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        fs::remove_file(&started).expect("Cargo was started");
        Run::of(Command::new("kill").args([signal, &child.id().to_string()])).ok();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
        let names: Vec<_> = names.filter(|n| n.to_string_lossy().contains("vendor")).collect();
        assert!(names.is_empty(), "{names:?}");
    }
}

#[test]
fn what_is_vendored_builds_its_own_client_offline_and_no_other() {
    let project = shop("vendoring");
    let dir = &project.dir().to_owned();
    let toml = |plugin: &str| dir.join(format!("plugins/{plugin}/Cargo.toml"));
    for (plugin, dependency) in [("blog", "itoa = \"1\"\n"), ("cart", "ryu = \"1\"\n")] {
        let text = fs::read_to_string(toml(plugin)).unwrap();
        fs::write(toml(plugin), text + dependency).unwrap();
    }
    fs::copy(repository().join("Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    settle(&project);

    fs::create_dir(dir.join("mine")).unwrap();
    fs::write(dir.join("mine/file"), "").unwrap();
    let run = Run::of(&mut plugo(dir, &["vendor", "--client", "acme", "--output", "mine"]));
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("`plugo vendor` did not make it"), "{}", run.stderr);

    let (_, first) = answer(dir, &["vendor", "--client", "zeta"]);
    let (code, vendored) = answer(dir, &["vendor", "--client", "acme"]);
    assert_eq!(code, Some(0));
    assert_ne!(first["crates"], vendored["crates"]);
    let has = |list: &str, name: &str| {
        vendored[list].as_array().unwrap().iter().any(|krate| krate["name"] == name)
    };
    assert!(has("crates", "itoa") && has("stubs", "ryu") && !has("crates", "ryu"));
    let left: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().starts_with(".plugo-vendor")),
        "{left:?}"
    );

    let config = vendored["config"].as_str().unwrap();
    let project = project.file(".cargo/config.toml", config);
    let check = |client: &str| {
        let feature = format!("client-{client}");
        let args = ["check", "--frozen", "--no-default-features", "--features", &feature];
        let mut check = cargo(project.dir(), &args);
        // Nothing but the folder, and nothing that was built of something else.
        check.env("CARGO_HOME", project.dir().join("home"));
        Run::of(check.env("CARGO_TARGET_DIR", scratch().join("vendored")))
    };
    check("acme").ok();
    let other = check("zeta");
    assert!(!other.success);
    let why = "`plugo vendor` left it out, since the client `acme` does not need it";
    assert!(other.stderr.contains(why), "{}", other.stderr);
    // The folder that is in use does not stand in the way of the next one.
    let (code, vendored) = answer(dir, &["vendor", "--client", "zeta"]);
    assert_eq!((code, &vendored["crates"]), (Some(0), &first["crates"]));
}
