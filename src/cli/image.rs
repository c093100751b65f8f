//! `dockopt image`.

mod budget;
mod diff;
mod explore;
mod measure;
mod progress;
mod search;
mod source;

pub(super) use self::measure::measure;
pub(super) use self::source::analyse_named;

use super::args::{FailOn, Global, Image, ImageCommand, Table};
use super::exit::{CLEAN, FAILED, FOUND};
use super::output::{CommandFailure, base, medium, print, print_page, print_with};
use super::terminal;
use crate::analysis::{self, Analysis};
use crate::build::Build;
use crate::finding::{Mask, Severity};
use crate::image::{self};
use crate::report::{self, Format, ImageView};
use crate::rules;
use crate::settings::Choice;
use budget::{Budgets, verdict};
use source::{bases, dockerfile, look_at};

pub(super) fn run(global: &Global, command: &Image) -> Result<u8, CommandFailure> {
    if let Some(ImageCommand::Diff(command)) = &command.command {
        return diff::run(global, command);
    }
    check(global, command)?;
    let mut budgets = Budgets::read(global, command)?;
    let (categories, ignore) = ignored_categories(&command.ignore);
    let categories_off: Vec<String> = command.view.no_category.iter().cloned().chain(categories).collect();
    let policy = budgets.policy(Choice::of(&command.select, &ignore))?;
    let inputs = dockerfile(&command.origin)?;
    let build = inputs.as_ref().and_then(|inputs| inputs.builds.first()).map(Build::new);
    let name = inputs.as_ref().and_then(|inputs| inputs.sources.first()).map(|source| source.name().to_owned());
    let bases = bases(command)?;
    let options = analysis::AnalysisOptions {
        build: build.as_ref(),
        dockerfile: name.as_deref(),
        bases: &bases,
        policy: Some(&policy),
        categories_off: &categories_off,
        no_packages: command.view.no_packages,
        no_duplicates: command.view.no_duplicates,
    };
    let mut mask = Mask::default();
    let mut all = Analysis::default();
    let mut names = Vec::new();
    for name in &command.names {
        let read = (&command.choice, &command.limits);
        let mut image = look_at(global, read, name, &options, &mut mask);
        budgets.judge(command, name, &mut image)?;
        all.join(image);
        names.resize(all.images.len(), name.as_str());
    }
    all.notices.append(&mut budgets.notices);
    for problem in &all.problems {
        terminal::error(global, &report::image_problem(problem), problem.help.as_deref());
    }
    let (unknown, broken) = verdict(global, &all);
    let code = match (all.problems.is_empty() && !unknown, broken || fails(&all, command.fail_on)) {
        (false, _) => FAILED,
        (true, true) => FOUND,
        (true, false) => CLEAN,
    };
    if all.images.is_empty()
        && code == FAILED
        && matches!(global.format, Format::Text | Format::Markdown | Format::Html)
    {
        return Err(CommandFailure::Said);
    }
    if command.view.explore {
        return explore::run(global, command, &all, &names);
    }
    write(global, command, &all, code)?;
    Ok(code)
}

/// Parts `--ignore` into categories of files (`image-logs` is `logs`) and words that select rules.
fn ignored_categories(ignore: &[String]) -> (Vec<String>, Vec<String>) {
    let category_of = |word: &String| {
        let name = word.trim().strip_prefix("image-")?;
        rules::image_rule_of_category(name).map(|_| name.to_owned())
    };
    let (categories, words): (Vec<&String>, Vec<&String>) = ignore.iter().partition(|word| category_of(word).is_some());
    (categories.into_iter().filter_map(category_of).collect(), words.into_iter().cloned().collect())
}

/// Whether something worth a change is severe enough for the exit code.
fn fails(all: &Analysis, fail_on: FailOn) -> bool {
    let least = match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Info => Severity::Info,
        FailOn::Style => Severity::Style,
        FailOn::None => return false,
    };
    let severe = |image: &analysis::ImageAnalysis| {
        let of_facts = image.facts.iter().map(|fact| fact.severity);
        image.findings.iter().map(|finding| finding.severity).chain(of_facts).any(|severity| severity >= least)
    };
    all.images.iter().any(severe)
}

/// What can be told to be wrong before anything is read.
fn check(global: &Global, command: &Image) -> Result<(), CommandFailure> {
    let failure = |what: String, help: &str| Err(CommandFailure::Because { what, help: Some(help.to_owned()) });
    if let Some((option, help)) = command.dive.foreign_option() {
        return failure(format!("`{option}` is an option of dive"), help);
    }
    if command.view.explore {
        explore::check(global)?;
    }
    if global.format == Format::Cyclonedx && command.view.no_packages {
        return failure("`--format cyclonedx` lists packages".to_owned(), "remove `--no-packages`");
    }
    if command.view.shared && command.names.len() < 2 && !command.choice.all_platforms {
        return failure("`--shared` compares several images".to_owned(), "name at least two");
    }
    if command.names.iter().chain(&command.origin.base).filter(|name| *name == "-").count() > 1 {
        return failure("standard input can be read only once".to_owned(), "pass `-` only once");
    }
    let category_names = || image::all_categories().iter().map(|category| category.name.as_str());
    for name in &command.view.no_category {
        if !category_names().any(|known| known == name) {
            let all: Vec<&str> = category_names().collect();
            return failure(format!("unknown category `{name}`"), &format!("the categories are {}", all.join(", ")));
        }
    }
    Ok(())
}

fn write(global: &Global, command: &Image, all: &Analysis, exit: u8) -> Result<(), CommandFailure> {
    let view = ImageView {
        all: command.view.all,
        shared: command.view.shared,
        depth: command.view.depth,
        top: if command.view.all { usize::MAX } else { command.view.top },
        bandwidths: &command.view.bandwidth,
        names: &command.names,
        dockerfile: command.origin.file.as_deref().and_then(std::path::Path::to_str),
    };
    match global.format {
        Format::Json => print(global, &report::image_json(all, &view)),
        Format::Jsonl => print_with(global, |out| report::image_jsonl(all, &view, exit, out)),
        Format::Csv => print_with(global, |out| match command.view.table {
            Table::Layers => report::image_layers_csv(all, out),
            Table::Files => report::image_files_csv(all, out),
        }),
        Format::Cyclonedx => write_bill(global, all),
        Format::Sarif => print(global, &report::image_sarif(all, exit, &base())),
        _ => print_page(global, &report::image(all, &view, medium(global))),
    }
}

/// The packages of one image; the time is that of `SOURCE_DATE_EPOCH` or none, so that equal images give equal files.
fn write_bill(global: &Global, all: &Analysis) -> Result<(), CommandFailure> {
    let failure =
        |what: &str, help: &str| Err(CommandFailure::Because { what: what.to_owned(), help: Some(help.to_owned()) });
    let [image] = all.images.as_slice() else {
        return failure(
            "`--format cyclonedx` describes one image, but there are several",
            "run it once for each; `--platform` chooses one platform",
        );
    };
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|epoch| epoch.parse::<i64>().ok());
    let time = epoch.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).map(|time| time.to_string());
    match report::image_cyclonedx(image, time.as_deref()) {
        Some(text) => print(global, &text),
        None => failure("the contents of the image were not read, so its packages are unknown", "read the whole image"),
    }
}
