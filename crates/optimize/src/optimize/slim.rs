//! Level 4: the slim variant of the base image, and the packages that it lacks.

mod apt;
mod fonts;
mod needs;
mod reason;
#[cfg(test)]
mod tests;
mod slim_base;

use self::reason::FullBaseReason;
use std::collections::BTreeSet;

use self::apt::WantedPackages;
use self::slim_base::SlimVariant;
use super::assumption::Support;
use super::languages::ruby_php::ruby;
use super::languages::{node, python};
use super::pass_input::{PassInput, PassOutput};
use super::reached_sources::LazyReach;
use crate::build::{SlimImage, Stage};
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::text::path;

pub(super) fn runtime(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    let Some(root) = build.chain(target).last() else { return };
    let Some(Some(variant)) = output.ok_or_skip(slim_base::of(input, root)) else { return };
    // A container of the original shows what is loaded, and the proof what is missing.
    let is_unknown = input.evidence.observed.is_none() && python::needs::links_unknown(input);
    let compiler = if variant.slim.contains("jre") { starts_compiler(input, target) } else { None };
    let rebased = if let Some(program) = compiler {
        Err(FullBaseReason::CompilesAtStart { program })
    } else if is_unknown {
        Err(FullBaseReason::UnknownLibraries)
    } else {
        rebase_on_variant(input, root, &variant, Some(target))
    };
    match rebased {
        Ok((mut edits, packages)) => {
            edits.extend(healthcheck(input, target, &variant));
            add_step(output, "as the final base image", &variant, &packages, edits);
            let open = LazyReach::new(input).shows_word("starts programs");
            output.assume(
                format!("the program uses nothing else that only `{}` contains", variant.full),
                open.map(|path| {
                    (Support::Open, format!("`{path}` starts programs; those that it names are installed"))
                }),
            );
            if let Ok(Some((command, _))) = needs::to_build_at_start(input, target) {
                let why = format!("`{command}` runs when a container starts, so its packages are known only then");
                let what = format!("what `{command}` installs is built without the compilers of `{}`", variant.full);
                output.assume(what, Some((Support::Open, why)));
            }
        }
        Err(why) => output.refuse(format!("keeps `{}` as the final base image", variant.full), why),
    }
}

/// The build tool that a container starts, which compiles with the JDK: `./mvnw spring-boot:run`.
fn starts_compiler(input: &PassInput, target: &Stage) -> Option<String> {
    let launch = input.build.launch(target)?;
    let invocations = launch.script().invocations();
    let mut programs = invocations.iter().filter_map(|invocation| invocation.program).map(path::name);
    programs.find(|program| ["mvn", "mvnw", "gradle", "gradlew"].contains(program)).map(str::to_owned)
}

pub(super) fn builder(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let shipped = build.target().and_then(|target| build.chain(target).last()).map(|root| root.index);
    for root in build.stages().iter().filter(|stage| build.is_needed(stage) && Some(stage.index) != shipped) {
        let variant = match slim_base::of(input, root) {
            // A stage that builds with a JDK does not get on with a runtime.
            Ok(Some(variant)) if !variant.slim.contains("jre") => variant,
            Ok(_) => continue,
            Err(why) => {
                output.refuse(format!("keeps the full base image in stage `{}`", root.title()), why);
                continue;
            }
        };
        match rebase_on_variant(input, root, &variant, None) {
            Ok((edits, packages)) => {
                add_step(output, &format!("in stage `{}`", root.title()), &variant, &packages, edits);
            }
            Err(why) => output.refuse(format!("keeps `{}` in stage `{}`", variant.full, root.title()), why),
        }
    }
}

fn add_step(
    output: &mut PassOutput,
    role: &str,
    variant: &SlimVariant,
    packages: &BTreeSet<String>,
    edits: Vec<FileEdit>,
) {
    let with = if packages.is_empty() {
        String::new()
    } else {
        format!(" and installs {}", packages.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
    };
    output.step(format!("uses `{}` {role}{with}", variant.slim), variant.why.clone(), edits);
}

/// Edits that put all stages on a FROM's variant, with the packages that they lack there. `target` is the stage that ships,
/// where it stands on this FROM.
fn rebase_on_variant(
    input: &PassInput,
    root: &Stage,
    variant: &SlimVariant,
    target: Option<&Stage>,
) -> Result<(Vec<FileEdit>, BTreeSet<String>), FullBaseReason> {
    let build = input.build;
    let mut edits = vec![FileEdit { target: variant.edit.target.clone(), ..variant.edit.clone() }];
    let mut packages = BTreeSet::new();
    // A stage that nothing of this image needs is built by its name.
    let on_it = |stage: &&Stage| build.chain(stage).last().map(|below| below.index) == Some(root.index);
    for stage in build.stages().iter().filter(on_it) {
        let ships = target.is_some_and(|target| build.chain(target).any(|below| below.index == stage.index));
        let mut wanted = WantedPackages::new();
        needs::of_steps(input, stage, &variant.slim, &mut wanted)?;
        // What the full one lacks too nothing was built with.
        let same = SlimImage::has_same_programs(&variant.slim);
        let to_build = if same { BTreeSet::new() } else { needs::to_build(input, stage)? };
        if ships && let Some(package) = to_build.first() {
            return Err(FullBaseReason::BuildsDependencies { package: package.clone() });
        }
        if ships
            && let Some((command, packages)) = needs::to_build_at_start(input, stage)?
            && let Some(package) = packages.first()
        {
            return Err(FullBaseReason::BuildsAtStart { command, package: package.clone() });
        }
        for package in &to_build {
            apt::want(&mut wanted, package, needs::first_install(input, stage));
        }
        let last = target.is_some_and(|target| target.index == stage.index);
        if !build.is_needed(stage) {
            needs::of_container(input, stage, &variant.slim, &mut wanted);
        }
        if last || !ships {
            needs::of_sources(input, stage, &variant.slim, last, &mut wanted)?;
        }
        if ships && last {
            needs::of_container(input, stage, &variant.slim, &mut wanted);
            for package in run_packages(input) {
                apt::want(&mut wanted, &package, usize::MAX);
            }
            of_check(input, stage, variant, &mut wanted);
        }
        let lacks =
            |(package, at): (&String, &usize)| (!apt::installs(input, stage, package, *at)).then(|| package.clone());
        let lacking: Vec<String> = wanted.iter().filter_map(lacks).collect();
        apt::fit(&variant.full, &lacking, &mut wanted)?;
        packages.extend(wanted.iter().filter_map(lacks));
        edits.extend(apt::install(input, stage, &wanted));
    }
    Ok((edits, packages))
}

/// Debian packages that the final stage needs on a slim base and that only the full one had.
fn run_packages(input: &PassInput) -> BTreeSet<String> {
    [python::needs::run_packages(input), node::native::run_packages(input), ruby::run_packages(input)]
        .into_iter()
        .flatten()
        .chain(fonts::packages(input).iter().map(|name| (*name).to_owned()))
        .collect()
}

/// Programs of HEALTHCHECK, unless the check is said in the base's own language.
fn of_check(input: &PassInput, stage: &Stage, variant: &SlimVariant, wanted: &mut WantedPackages) {
    let Some((index, _)) = input.build.last(stage, Keyword::Healthcheck) else { return };
    let Some(code) = input.build.code(index) else { return };
    if healthcheck(input, stage, variant).is_none() {
        _ = needs::of_script(input, &code.script, &variant.slim, usize::MAX, 1, wanted);
    }
}

/// A check by a program that the variant lacks, said in the base's own language.
fn healthcheck(input: &PassInput, stage: &Stage, variant: &SlimVariant) -> Option<FileEdit> {
    let (index, instruction) = input.build.last(stage, Keyword::Healthcheck)?;
    let code = input.build.code(index)?;
    let lacks = |program: &str| {
        let packages = SlimImage::missing_packages(&variant.slim, program);
        packages.first().is_some_and(|package| !apt::installs(input, stage, package, usize::MAX))
    };
    let lacking = code.script.invocations().iter().any(|invocation| invocation.program.is_some_and(lacks));
    if !lacking {
        return None;
    }
    let (span, text) = crate::build::check_in_own_language(input.build, stage, instruction, code)?;
    Some(input.edit(span, text))
}
