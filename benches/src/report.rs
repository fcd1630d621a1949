use std::fmt;
use std::fs;
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

/// What the measurements say.
#[derive(Debug)]
pub(crate) struct Report {
    /// What was measured with what, in its versions.
    source: String,
    sections: Vec<Section>,
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
        Ok(Report { source, sections: Vec::new(), plots: Vec::new() })
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
        let source = format!("_Measured with {}{with}._", self.source);
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
        let mut plot = |file, title, value: &dyn Fn(Contender, usize) -> Option<f64>| {
            let lines = start_report::curves(&sizes, value);
            let shown = ["plugo", "limit", "static", "linkme"];
            let plot = Plot { title, x: "plugins", lines: &lines, shown: &shown };
            if !lines.is_empty() {
                self.plots.push((file, plot.svg()));
            }
        };
        let counts = |contender, size| start.instructions(contender, size);
        plot(
            "cost-start.svg",
            "Instructions until all plugins are initialised, beyond the empty process",
            &|contender, size| {
                let empty = counts(contender, 0)?.noop.steady as f64;
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
        let sections = self.sections.iter();
        sections
            .map(|section| format!("{}\n\n{}\n\n", section.body.trim(), section.source))
            .collect()
    }

    /// Writes the page and its plots, with what was not measured as it was.
    pub(crate) fn write(&self, places: &Places) -> Result<()> {
        let docs = places.checkout.join("docs");
        let file = docs.join("benchmarks.md");
        let old = fs::read_to_string(&file)
            .with_context(|| format!("`{}` cannot be read", file.display()))?;
        let page = page::page(&old, &self.sections, &aims::all());
        let plots = self.plots.iter().map(|(name, svg)| (docs.join(name), svg));
        for (file, text) in [(file, &page)].into_iter().chain(plots) {
            fs::write(&file, text)
                .with_context(|| format!("`{}` cannot be written", file.display()))?;
        }
        Ok(())
    }
}
