//! The page `docs/benchmarks.md`. Each part of it stands between two comments, so that a run which measures some
//! parts keeps the others as they were.

use crate::options::Part;
use crate::table::Table;

/// What a run says about one part.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) part: Part,
    /// Where and with what it was measured, in one line.
    pub(crate) source: String,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) body: String,
}

/// What became of an aim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) aim: &'static Aim,
    pub(crate) measured: String,
    pub(crate) met: bool,
    /// Why not, if it is not met.
    pub(crate) why: String,
}

/// Something that is aimed at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) part: Part,
    pub(crate) what: &'static str,
    pub(crate) at: &'static str,
}

const HEAD: &str = "\
# Benchmarks

<!-- Made by the package `benches`, with
     cargo run --release -p benches -- --write
     Do not edit: the next run writes it anew. -->

What plugo costs beside a table that somebody wrote by hand, with a perfect hash or without, and beside registries
that people use. `cargo run --release -p benches -- --write` measures everything and writes this page;
with `--start`, `--choosing`, `--times`, `--script`, `--build`, `--clients` or `--python` it measures those parts, and
the others stay as they were. Each part says how it was measured.

`--quick` takes a few minutes, and fails when instructions or bytes grow by more than two percent over
[`benches/limits.toml`](../benches/limits.toml); `.ci/run` runs it.
";

/// The page with these sections, and those of the old page that were not measured.
pub(crate) fn page(old: &str, sections: &[Section], aims: &[&'static Aim]) -> String {
    let new = |part: Part| sections.iter().find(|section| section.part == part);
    let mut table = Table::new(["what", "aim", "measured", "", "what stands in the way"]).of_text();
    for aim in aims {
        let verdicts = new(aim.part).map(|section| &section.verdicts);
        let verdict =
            verdicts.and_then(|verdicts| verdicts.iter().find(|verdict| verdict.aim == *aim));
        match (verdict, verdicts, row(old, aim)) {
            (Some(verdict), ..) => {
                let met = if verdict.met { "met" } else { "**missed**" };
                let why = if verdict.met { "" } else { &verdict.why };
                table.row([aim.what, aim.at, &verdict.measured, met, why]);
            }
            (None, None, Some([measured, met, why])) => {
                table.row([aim.what, aim.at, &measured, &met, &why]);
            }
            _ => table.row([aim.what, aim.at, "not measured", "", ""]),
        }
    }
    let mut page = format!("{HEAD}\n## The aims\n\n{table}\n");
    for part in Part::ALL {
        let name = part.name();
        let body = match new(part) {
            Some(section) => format!("{}\n\n{}", section.body.trim(), section.source),
            None => kept(old, name).map(str::to_owned).unwrap_or_else(|| {
                format!("`cargo run --release -p benches -- --{name} --write` measures `{name}`, which was not done yet.")
            }),
        };
        page.push_str(&format!("{}\n\n{body}\n\n{}\n\n", begin(name), end(name)));
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn begin(name: &str) -> String {
    format!("<!-- {name} -->")
}

fn end(name: &str) -> String {
    format!("<!-- end of {name} -->")
}

/// A part of a page.
fn kept<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&begin(name))?;
    let (body, _) = rest.split_once(&end(name))?;
    Some(body.trim())
}

/// A page with another text in one of its parts, if it has that part.
pub(crate) fn with(page: &str, name: &str, body: &str) -> Option<String> {
    let (before, rest) = page.split_once(&begin(name))?;
    let (_, after) = rest.split_once(&end(name))?;
    Some(format!("{before}{}\n{body}\n{}{after}", begin(name), end(name)))
}

/// What a page says about an aim, if it is the same aim still.
fn row(page: &str, aim: &Aim) -> Option<[String; 3]> {
    page.lines().find_map(|line| {
        let cells: Vec<&str> =
            line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        let [what, at, measured, met, why] = cells[..] else { return None };
        (what == aim.what && at == aim.at).then(|| [measured, met, why].map(str::to_owned))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    static START: Aim = Aim { part: Part::Start, what: "start", at: "at most 3" };
    static BUILD: Aim = Aim { part: Part::Build, what: "build", at: "at most 2" };

    fn section(aim: &'static Aim, measured: &str, met: bool) -> Section {
        let verdict =
            Verdict { aim, measured: measured.to_owned(), met, why: "it is slow".to_owned() };
        let body = format!("## {}\n\n{measured} apples", aim.what);
        Section { part: aim.part, source: "Here.".to_owned(), verdicts: vec![verdict], body }
    }

    #[test]
    fn what_was_not_measured_stays_as_it_was() {
        let aims = [&START, &BUILD];
        let first = page("", &[section(&START, "5", false), section(&BUILD, "1", true)], &aims);
        assert!(first.contains("5 apples\n\nHere.\n\n<!-- end of start -->"), "{first}");
        let second = page(&first, &[section(&START, "2", true)], &aims);
        assert!(second.contains("2 apples") && !second.contains("5 apples"), "{second}");
        assert!(second.contains("1 apples"), "{second}");
        assert_eq!(row(&second, &START).unwrap(), ["2", "met", ""]);
        assert_eq!(row(&second, &BUILD).unwrap(), ["1", "met", ""]);
        assert_eq!(page(&second, &[], &aims), second);
    }

    #[test]
    fn a_part_of_another_page_gets_another_text() {
        let page = "# It\n\n<!-- cost -->\nIt costs 3.\n<!-- end of cost -->\n\nMore.\n";
        let expected = "# It\n\n<!-- cost -->\nIt costs 2.\n<!-- end of cost -->\n\nMore.\n";
        assert_eq!(with(page, "cost", "It costs 2.").unwrap(), expected);
        assert_eq!(with(page, "price", "It costs 2."), None);
    }

    /// A change of the head or of an aim that leaves the page as it was is seen here.
    #[test]
    fn the_page_in_the_repository_is_what_is_made_of_it() {
        let there = include_str!("../../docs/benchmarks.md");
        let made = page(there, &[], &crate::aims::all());
        let differs = there.lines().zip(made.lines()).find(|(there, made)| there != made);
        assert_eq!(differs, None, "`--write` with the part that it is in writes the page anew");
        assert_eq!(there.len(), made.len());
    }

    #[test]
    fn an_aim_that_is_missed_says_why_and_one_that_changed_is_open() {
        let first = page("", &[section(&START, "5", false)], &[&START]);
        assert_eq!(row(&first, &START).unwrap(), ["5", "**missed**", "it is slow"]);
        static NEW: Aim = Aim { part: Part::Start, what: "start", at: "at most 1" };
        let second = page(&first, &[], &[&NEW]);
        assert_eq!(row(&second, &NEW).unwrap(), ["not measured", "", ""]);
    }
}
