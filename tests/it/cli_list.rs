//! `plugo list`, on the example with two clients.

use std::path::PathBuf;

use expect_test::{Expect, expect};
use tests::{Run, plugo, repository};

fn example() -> PathBuf {
    repository().join("examples/web-plugins")
}

fn check(args: &[&str], expected: Expect) {
    expected.assert_eq(&Run::of(&mut plugo(&example(), args)).ok().stdout);
}

#[test]
fn every_plugin_is_listed_with_its_state_and_what_decided_it() {
    check(
        &["list"],
        expect![[r#"
        order  name     version  state     because of
            1  blog     0.3.0    planned   config: examples/web-plugins/plugins_config.json:3:19
            2  auth     1.0.0    planned   dependency: shop
            3  catalog  1.2.0    planned   dependency: shop
            4  clock    0.2.0    planned   config: examples/web-plugins/plugins_config.json:4:19
            5  shop     2.1.0    planned   config: examples/web-plugins/plugins_config.json:6:19
               semver   0.2.0    disabled  config: examples/web-plugins/plugins_config.json:5:19
    "#]],
    );
    check(
        &["list", "--client", "acme"],
        expect![[r#"
            order  name     version  state        because of
                1  blog     0.3.0    planned      client: examples/web-plugins/clients/acme.json:3:19
                2  auth     1.0.0    planned      dependency: shop
                3  catalog  1.2.0    planned      dependency: shop
                4  shop     2.1.0    planned      client: examples/web-plugins/clients/acme.json:4:19
                   clock    0.2.0    unavailable  `examples/web-plugins/clients/acme.json` does not list it
                   semver   0.2.0    unavailable  `examples/web-plugins/clients/acme.json` does not list it
        "#]],
    );
}

#[test]
fn json_stands_alone_on_stdout() {
    let run = Run::of(&mut plugo(&example(), &["list", "--format", "json"])).ok();
    let plugins: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let blog = &plugins[0];
    assert_eq!(
        (&blog["name"], &blog["state"], &blog["order"]),
        (&"blog".into(), &"planned".into(), &0.into())
    );
    assert_eq!(blog["reasons"][0]["source"], "config");
}

#[test]
fn a_name_that_does_not_exist_is_a_wrong_call_with_the_nearest_one() {
    for (args, part) in [
        (&["list", "--client", "acm"], "did you mean `acme`?"),
        (&["list", "--features", "blgo"], "did you mean `blog`?"),
        (&["list", "--package", "web-plugin"], "did you mean `web-plugins`?"),
        (&["lst", "--color", "never"], "did you mean `list`?"),
    ] {
        let run = Run::of(&mut plugo(&example(), args));
        assert_eq!(run.code, Some(2), "{args:?}");
        assert!(run.stdout.is_empty() && run.stderr.contains(part), "{}", run.stderr);
    }
}
