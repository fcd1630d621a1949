use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::aims;
use crate::build::Builds;
use crate::build_report;
use crate::cargo;
use crate::choosing::Choosing;
use crate::choosing_report;
use crate::clients::Ways;
use crate::clients_report;
use crate::contenders::Contender;
use crate::not_chosen::NotChosen;
use crate::options::{Options, Part};
use crate::page::{self, Section, Verdict};
use crate::places::Places;
use crate::plot::Plot;
use crate::python::Python;
use crate::python_report;
use crate::script::Scripts;
use crate::script_report;
use crate::start::Start;
use crate::start_report;
use crate::work::Machine;

/// What the measurements say.
#[derive(Debug)]
pub(crate) struct Report {
    /// What was measured with what, in its versions.
    source: String,
    /// Before the part that is measured now.
    before: Option<Machine>,
    sections: Vec<Section>,
    /// What the README says of cost.
    readme: Option<String>,
    /// Files beside the page.
    plots: Vec<(&'static str, String)>,
}

impl Report {
    pub(crate) fn new(places: &Places) -> Result<Self> {
        let rustc = cargo::run(Command::new(cargo::rustc()).arg("--version"))?;
        let plugo = cargo::locked_version(places, "plugo")?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
        let source = format!(
            "{}, plugo {plugo}, {cores} cores, {arch}, {os}",
            String::from_utf8_lossy(&rustc.stdout).trim()
        );
        let (sections, plots) = (Vec::new(), Vec::new());
        Ok(Report { source, before: None, sections, readme: None, plots })
    }

    /// What follows is measured for a part.
    pub(crate) fn begin(&mut self) {
        self.before = Machine::now();
    }

    /// Adds what `body` writes about a part.
    pub(crate) fn add(
        &mut self,
        part: Part,
        with: &[String],
        verdicts: Vec<Verdict>,
        body: impl FnOnce(&mut String) -> fmt::Result,
    ) -> Result<()> {
        let mut text = String::new();
        body(&mut text).context("the report cannot be written")?;
        let with: String = with.iter().map(|with| format!(", {with}")).collect();
        let others = self.before.zip(Machine::now()).map(|(before, now)| {
            format!(
                "; other programs took {:.0} % of the machine's time",
                now.others_since(&before)
            )
        });
        let source =
            format!("_Measured with {}{with}{}._", self.source, others.unwrap_or_default());
        self.sections.push(Section { part, source, verdicts, body: text });
        Ok(())
    }

    pub(crate) fn start(
        &mut self,
        places: &Places,
        options: &Options,
        start: &Start,
    ) -> Result<()> {
        let mut with = Vec::new();
        for package in ["inventory", "linkme", "ctor", "phf", "scattered-collect", "typetag"] {
            with.push(format!("{package} {}", cargo::locked_version(places, package)?));
        }
        with.extend(start.counted_by.clone());
        let sizes = options.sizes();
        self.add(Part::Start, &with, aims::start(start), |text| {
            start_report::section(&sizes, start, text)
        })?;
        self.readme = start_report::sentence(start);
        let mut plot = |file, title, value: &dyn Fn(Contender, usize) -> Option<f64>| {
            let lines = start_report::curves(&sizes, value);
            let shown = ["plugo", "limit", "static", "linkme", "plugo-bare"];
            let plot = Plot {
                title,
                x: "plugins (both scales are logarithmic)",
                lines: &lines,
                shown: &shown,
            };
            if !lines.is_empty() {
                self.plots.push((file, plot.svg()));
            }
        };
        let counts = |contender, size| start.instructions(contender, size);
        plot(
            "cost-start.svg",
            "Instructions until all plugins are initialised, beyond a program without any",
            &|contender, size| {
                let empty = counts(Contender::Static, 0)?.noop.steady as f64;
                Some(counts(contender, size)?.initialised.steady as f64 - empty)
            },
        );
        plot("cost-lookup.svg", "Instructions to find a plugin by name", &|contender, size| {
            Some(counts(contender, size)?.hit)
        });
        plot(
            "cost-bytes.svg",
            "Bytes in the stripped release binary, beyond the program without plugins",
            &|contender, size| {
                let bytes = |size| Some(start.cost(contender, size)?.image.bytes as f64);
                Some(bytes(size)? - bytes(0)?)
            },
        );
        Ok(())
    }

    pub(crate) fn choosing(&mut self, options: &Options, choosing: &Choosing) -> Result<()> {
        if options.has(Part::Choosing) {
            self.add(Part::Choosing, &[], aims::choosing(choosing), |text| {
                choosing_report::counts(choosing, text)
            })?;
        }
        if options.has(Part::Times) {
            self.add(Part::Times, &[], aims::times(choosing), |text| {
                choosing_report::times(choosing, text)
            })?;
        }
        Ok(())
    }

    pub(crate) fn script(&mut self, scripts: &Scripts) -> Result<()> {
        self.add(Part::Script, &[], aims::script(scripts), |text| {
            script_report::section(scripts, text)
        })
    }

    pub(crate) fn build(&mut self, builds: &Builds) -> Result<()> {
        self.add(Part::Build, &[], aims::build(builds), |text| build_report::section(builds, text))
    }

    pub(crate) fn clients(&mut self, not_chosen: &NotChosen, ways: &[Ways]) -> Result<()> {
        self.add(Part::Clients, &[], aims::clients(not_chosen), |text| {
            clients_report::section(ways, text)
        })
    }

    pub(crate) fn python(&mut self, python: &Result<Python, String>) -> Result<()> {
        let with: Vec<String> = python.iter().map(|python| python.versions.clone()).collect();
        self.add(Part::Python, &with, Vec::new(), |text| python_report::section(python, text))
    }

    /// What was measured now, as text.
    pub(crate) fn measured(&self) -> String {
        let sections = self
            .sections
            .iter()
            .map(|section| format!("{}\n\n{}\n\n", section.body.trim(), section.source));
        let readme = self.readme.iter().map(|readme| format!("In README.md:\n\n{readme}\n"));
        sections.chain(readme).collect()
    }

    /// Writes the page and its plots, with what was not measured as it was.
    pub(crate) fn write(&self, places: &Places) -> Result<()> {
        let docs = places.checkout.join("docs");
        let file = docs.join("benchmarks.md");
        // Where there is no page yet, nothing is kept.
        let old = if file.exists() { read(&file)? } else { String::new() };
        write(&file, &page::page(&old, &self.sections, &aims::all()))?;
        for (name, svg) in &self.plots {
            write(&docs.join(name), svg)?;
        }
        if let Some(sentence) = &self.readme {
            let file = places.checkout.join("README.md");
            let text =
                page::with(&read(&file)?, "cost", sentence).with_context(|| no_place(&file))?;
            write(&file, &text)?;
        }
        Ok(())
    }
}

/// Whether the page and the README can be written, before what takes an hour.
pub(crate) fn can_be_written(places: &Places) -> Result<()> {
    let readme = places.checkout.join("README.md");
    page::with(&read(&readme)?, "cost", "").with_context(|| no_place(&readme))?;
    for file in [readme, places.checkout.join("docs/benchmarks.md")] {
        let open = fs::OpenOptions::new().create(true).append(true).open(&file);
        open.with_context(|| unwritable(&file))?;
    }
    Ok(())
}

fn no_place(readme: &Path) -> String {
    format!(
        "`{}` has no place for cost, between `<!-- cost -->` and `<!-- end of cost -->`",
        readme.display()
    )
}

fn unwritable(file: &Path) -> String {
    format!("`{}` cannot be written", file.display())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| unwritable(file))
}
