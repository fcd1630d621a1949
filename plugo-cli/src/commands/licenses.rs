use clap::{ArgMatches, Args as _, FromArgMatches as _};
use serde_json::{Value, json};
use spdx::expression::ExprNode;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

use crate::args::{AppArgs, Format, FormatArgs, SelectionArgs};
use crate::command::Command;
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::manifest::Crate;
use crate::table::Table;

#[plugo::plugin(name = "licenses", namespace = "plugo.commands", of = dyn Command, priority = 45)]
#[derive(Default)]
struct Licenses;

#[derive(clap::Args)]
struct Args {
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Licences that may be used, by their SPDX identifiers; of a choice, one is enough
    #[arg(long, value_name = "LICENSES", value_delimiter = ',', help_heading = "Rules")]
    allow: Vec<String>,
    /// Licences that may not be used; of a choice, another one will do
    #[arg(long, value_name = "LICENSES", value_delimiter = ',', help_heading = "Rules")]
    deny: Vec<String>,
    /// Crates that the rules are not for, such as those with a licence of their own
    #[arg(long, value_name = "CRATES", value_delimiter = ',', help_heading = "Rules")]
    except: Vec<String>,
    #[command(flatten)]
    format: FormatArgs,
}

impl Command for Licenses {
    fn arguments(&self, command: clap::Command) -> clap::Command {
        Args::augment_args(command)
            .about("List the licence of every crate of a build, with the plugins that need it")
            .after_help("Example: plugo licenses --client acme --allow MIT,Apache-2.0,Unicode-3.0")
    }

    fn run(&self, context: &Context, matches: &ArgMatches) -> Result<(), Error> {
        let args =
            Args::from_arg_matches(matches).map_err(|error| Error::usage(error.to_string()))?;
        let rules = Rules::new(&args.allow, &args.deny)?;
        let app = context.app(&args.app)?;
        let manifest = context.evidence(&app, &args.selection)?.content;
        let line = |krate: Crate<'_>| Line::new(krate, &rules, &args.except);
        let lines: Vec<Line> = manifest.crates().map(line).collect();
        for name in args.except.iter().filter(|name| lines.iter().all(|l| l.name != **name)) {
            context
                .shell
                .warn(format_args!("`--except {name}`: no crate of this build is called so"));
        }
        match args.format.format {
            Format::Json => context.json(&json!({
                "app": manifest.json()["app"],
                "client": manifest.client(),
                "allowed": lines.iter().all(|line| line.refused.is_none()),
                "crates": lines.iter().map(Line::json).collect::<Vec<_>>(),
            }))?,
            Format::Table => context.answer(table(&lines))?,
        }
        let mut refused = false;
        for line in &lines {
            match &line.refused {
                Some(why) => {
                    refused = true;
                    context.shell.error(format_args!(
                        "{} {}, which {} {}, {why}",
                        line.name,
                        line.version,
                        line.needed_by(),
                        if line.needed_by.len() + usize::from(line.by_app) > 1 {
                            "need"
                        } else {
                            "needs"
                        },
                    ));
                }
                None if line.license.is_none() && line.verdict != Verdict::Excepted => {
                    context
                        .shell
                        .note(format_args!("{} {} names no licence", line.name, line.version));
                }
                None => {}
            }
        }
        if refused { Err(Error::Said(exit::NO)) } else { Ok(()) }
    }
}

/// What is allowed.
struct Rules {
    allow: Vec<Licensee>,
    deny: Vec<Licensee>,
}

impl Rules {
    fn new(allow: &[String], deny: &[String]) -> Result<Self, Error> {
        let parse = |flag: &str, names: &[String]| {
            // A rule without a licence would be none: everything would pass.
            let given: Vec<&str> =
                names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
            if given.is_empty() && !names.is_empty() {
                return Err(Error::usage(format!("`--{flag}` names no licence")));
            }
            given
                .into_iter()
                .map(|name| {
                    Licensee::parse(name)
                        .map_err(|_| Error::usage(format!("`--{flag}`: {}", unknown(name))))
                })
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Rules { allow: parse("allow", allow)?, deny: parse("deny", deny)? })
    }

    fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Why a licence is refused.
    fn refuse(&self, license: Option<&str>, is_own: bool) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let Some(license) = license else {
            // What lies in the repository is the user's.
            let matters = !self.allow.is_empty() && !is_own;
            return matters.then(|| {
                "names no licence; if you have read it, say `--except` with its name".to_owned()
            });
        };
        let expression = match Expression::parse_mode(license, ParseMode::LAX) {
            Ok(expression) => expression,
            Err(_) => {
                return Some(format!("has the licence `{license}`, which is no SPDX expression"));
            }
        };
        let is = |list: &[Licensee], request: &LicenseReq| {
            list.iter().any(|licensee| licensee.satisfies(request))
        };
        let denied = |request: &LicenseReq| is(&self.deny, request);
        let allowed = |request: &LicenseReq| self.allow.is_empty() || is(&self.allow, request);
        if expression.evaluate(|request| allowed(request) && !denied(request)) {
            return None;
        }
        let parts = expression.iter().filter_map(|node| match node {
            ExprNode::Req(request) => Some(&request.req),
            ExprNode::Op(_) => None,
        });
        let wrong: Vec<String> = parts
            .filter(|request| denied(request) || !allowed(request))
            .map(|request| {
                let why = if denied(request) { "is denied" } else { "is not allowed" };
                format!("`{request}` {why}")
            })
            .collect();
        Some(format!("has the licence `{license}`: {}", wrong.join(", ")))
    }
}

fn unknown(name: &str) -> String {
    let known = || spdx::identifiers::LICENSES.iter().map(|license| license.name);
    // SPDX has it as a name of old, which does not say which versions are meant.
    let [only, later] =
        ["only", "or-later"].map(|end| format!("{}-{end}", name.trim_end_matches('+')));
    if known().any(|known| known == only) && known().any(|known| known == later) {
        return format!("`{name}` says too little; write `{only}` or `{later}`");
    }
    let old = |name: &str| spdx::license_id(name).is_some_and(spdx::LicenseId::is_deprecated);
    if old(name) {
        return format!(
            "`{name}` is an identifier that SPDX has given up; \
             https://spdx.org/licenses says what to write instead"
        );
    }
    let current = known().filter(|known| *known != name && !old(known));
    match plugo::name::nearest(name, current) {
        Some(nearest) => format!("`{name}` is no SPDX licence; did you mean `{nearest}`?"),
        None => format!("`{name}` is no SPDX licence; https://spdx.org/licenses lists them"),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Judged,
    Excepted,
}

/// A crate of the build.
struct Line {
    name: String,
    version: String,
    license: Option<String>,
    role: String,
    needed_by: Vec<String>,
    by_app: bool,
    verdict: Verdict,
    refused: Option<String>,
}

impl Line {
    fn new(krate: Crate<'_>, rules: &Rules, except: &[String]) -> Self {
        let (name, license) = (krate.name().to_owned(), krate.license().map(str::to_owned));
        let is_own = krate.source().starts_with("path");
        let is_excepted = except.contains(&name);
        Line {
            refused: if is_excepted { None } else { rules.refuse(license.as_deref(), is_own) },
            verdict: if is_excepted { Verdict::Excepted } else { Verdict::Judged },
            version: krate.version().to_owned(),
            role: krate.role().to_owned(),
            needed_by: krate.list("needed_by").into_iter().map(str::to_owned).collect(),
            by_app: krate.is_needed_by_app(),
            name,
            license,
        }
    }

    /// Who needs it, as people read it.
    fn needed_by(&self) -> String {
        let app = self.by_app.then(|| "the app".to_owned());
        let all: Vec<String> = app.into_iter().chain(self.needed_by.iter().cloned()).collect();
        if all.is_empty() { "the build".to_owned() } else { all.join(", ") }
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "version": self.version,
            "license": self.license,
            "role": self.role,
            "needed_by": self.needed_by,
            "needed_by_app": self.by_app,
            "excepted": self.verdict == Verdict::Excepted,
            "refused": self.refused,
        })
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new(["crate", "version", "licence", "role", "needed by"]);
    for line in lines {
        table.row([
            line.name.clone(),
            line.version.clone(),
            line.license.clone().unwrap_or_else(|| "none".to_owned()),
            line.role.clone(),
            line.needed_by(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allow: &[&str], deny: &[&str]) -> Rules {
        let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        Rules::new(&owned(allow), &owned(deny)).unwrap()
    }

    #[test]
    fn expressions_are_evaluated_and_not_searched() {
        let ok = |rules: &Rules, license: &str| rules.refuse(Some(license), false).is_none();
        let mit = rules(&["MIT", "Apache-2.0 WITH LLVM-exception"], &[]);
        assert!(ok(&mit, "MIT OR GPL-3.0-only") && ok(&mit, "(Apache-2.0 OR MIT)"));
        assert!(ok(&mit, "MIT/Apache-2.0") && ok(&mit, "Apache-2.0 WITH LLVM-exception"));
        assert!(!ok(&mit, "MIT AND Unicode-3.0") && !ok(&mit, "Apache-2.0") && !ok(&mit, "my own"));
        let gpl = rules(&[], &["GPL-3.0-or-later"]);
        assert!(ok(&gpl, "MIT OR GPL-3.0-or-later") && !ok(&gpl, "MIT AND GPL-3.0-or-later"));
        let both = rules(&["MIT", "Apache-2.0"], &["Apache-2.0"]);
        assert!(ok(&both, "MIT OR Apache-2.0") && !ok(&both, "Apache-2.0"));
        assert!(ok(&rules(&[], &[]), "anything at all"), "without a rule everything is allowed");
    }

    #[test]
    fn what_names_no_licence_is_refused_unless_it_is_the_users_own() {
        let allow = rules(&["MIT"], &[]);
        assert!(allow.refuse(None, false).unwrap().contains("names no licence"));
        assert_eq!(allow.refuse(None, true), None);
        assert_eq!(rules(&[], &["MIT"]).refuse(None, false), None);
    }

    #[test]
    fn a_licence_that_does_not_exist_is_a_wrong_call() {
        let names = ["Apache2".to_owned()];
        let Err(Error::Usage(why)) = Rules::new(&names, &[]).map(drop) else { panic!() };
        assert!(why.contains("did you mean `Apache-2.0`?"), "{why}");
        for old in ["GPL-3.0", "GPL-3.0+", "LGPL-2.1"] {
            let why = unknown(old);
            let name = old.trim_end_matches('+');
            assert!(why.ends_with(&format!("write `{name}-only` or `{name}-or-later`")), "{why}");
        }
        assert!(unknown("Nunit").contains("SPDX has given up"), "{}", unknown("Nunit"));
    }

    #[test]
    fn a_rule_that_names_no_licence_is_a_wrong_call_and_not_no_rule() {
        for names in [vec![""], vec!["", ""], vec![" "]] {
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            assert!(matches!(Rules::new(&names, &[]), Err(Error::Usage(_))), "{names:?}");
            assert!(matches!(Rules::new(&[], &names), Err(Error::Usage(_))), "{names:?}");
        }
    }
}
