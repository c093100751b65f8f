//! `dockopt optimize --verify`: proves what is written, or a rewrite of the user's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::skips;
use crate::audit::InputAudit;
use crate::cli::args::{Global, Optimize, Proving};
use crate::cli::exit::{CLEAN, FAILED, FOUND};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::{CommandFailure, print, print_page};
use crate::cli::{changes, progress, terminal, write};
use crate::compose::ServiceRun;
use crate::finding::Mask;
use crate::fix::Change;
use crate::inputs::{Evidence, ObservedRun};
use crate::inputs::{IgnoreInput, Inputs};
use crate::load::{DOCKERFILE_LIMIT, EvidenceReader, read_bytes};
use crate::manifest::FileKind;
use crate::measure::{self, ProofInput, ProvedRewrite, RewriteRequest, ServiceContainer, Session, TrialRequest};
use crate::optimize::{Options, optimize};
use crate::proof::{Probe, Proof, Verdict};
use crate::report::{self, Format, Layout, Medium};
use crate::text::Source;

/// Proves every build, writes what holds, and says what came of it.
pub(super) fn run(
    global: &Global,
    command: &Optimize,
    inputs: &Inputs,
    options: &[Options],
) -> Result<u8, CommandFailure> {
    let proving = &command.proving;
    let demand = demand_of(proving)?;
    let builds = builds(inputs, proving.against.as_deref());
    if proving.against.is_some() && builds.len() != 1 {
        let what = format!("--against compares one Dockerfile, but {} were found", builds.len());
        return Err(CommandFailure::Because { what, help: Some("pass the original Dockerfile".to_owned()) });
    }
    let interrupts = Arc::new(Interrupts::hold_back());
    let shared_interrupts = Arc::clone(&interrupts);
    let (mut proofs, mut changed) = (Vec::new(), Vec::new());
    let reader = EvidenceReader::new(inputs);
    for &build in &builds {
        let options = &options[build];
        for (pass, why) in &options.left_out {
            let name = inputs.source(inputs.builds[build].dockerfile).name();
            terminal::note(&format!("{name}: {pass} skipped: {why}\n"));
        }
        let (evidence, runs) = (reader.evidence(build), reader.runs(build));
        let ground = ProofInput { inputs, build, evidence: &evidence, options, runs: &runs };
        // Without an engine nothing is proved, and where nothing changes there is nothing to prove.
        let sources = proving.against.as_deref().map(|path| sources_after(inputs, build, path)).transpose()?;
        if sources.is_none() && !may_change(inputs, build, &evidence, options) {
            proofs.push(unchanged_proof(inputs, build));
            continue;
        }
        let shared_interrupts = Arc::clone(&shared_interrupts);
        let stop = Arc::new(move || shared_interrupts.is_interrupted());
        let how = crate::cli::measure::options(&command.builds, inputs.builds[build].options.clone(), stop);
        let session = Session::open(measure::SessionOptions { mask: mask(inputs, &runs, proving), ..how })?;
        let say = |what: &str| {
            terminal::note(&format!("{what}\n"));
            progress::doing(what);
        };
        let proved = match sources {
            Some(sources) => {
                session.against(&ground, &sources, &demand, &say).map(|proof| ProvedRewrite { proof, optimized: None })
            }
            None => session.prove_rewrite(&ground, &demand, &say),
        };
        let cleaned = session.close();
        let proved = proved?;
        for leftover in cleaned.left {
            terminal::note(&format!("not removed: {leftover}\n"));
        }
        changed.extend(proved.optimized.iter().flat_map(crate::optimize::Optimized::changes));
        proofs.push(proved.proof);
    }
    for path in &proving.proof {
        let text = match FileKind::of(&path.to_string_lossy()).language() {
            "Markdown" => report::proof(&proofs).write(Medium::Markdown, Layout::PLAIN),
            "HTML" => report::proof(&proofs).write(Medium::Html, Layout::PLAIN),
            _ => report::proof_json(&inputs.root, &proofs),
        };
        write::write(path, text.as_bytes())?;
    }
    let indexed: Vec<(usize, &Proof)> = builds.iter().copied().zip(&proofs).collect();
    changed.extend(skips::changes(command, inputs, &indexed)?);
    report_proofs(global, command, inputs, (&proofs, &changed))?;
    Ok(code(&proofs))
}

/// Whether a rewrite changes something, with what only a container shows or without.
fn may_change(inputs: &Inputs, build: usize, evidence: &Evidence, options: &Options) -> bool {
    let changes = |evidence: &Evidence| !optimize(inputs, build, evidence, options).changes().is_empty();
    changes(evidence) || changes(&Evidence { observed: Some(ObservedRun::default()), ..evidence.clone() })
}

/// The builds that are looked at; a rewrite that lies beside its original is none of them.
fn builds(inputs: &Inputs, against: Option<&Path>) -> Vec<usize> {
    let other = against.and_then(|path| path.canonicalize().ok());
    let is_other = |build: &usize| {
        let name = inputs.source(inputs.builds[*build].dockerfile).name();
        other.is_some() && Path::new(name).canonicalize().ok() == other
    };
    (0..inputs.builds.len()).filter(|build| !is_other(build)).collect()
}

/// Writes or shows the proved changes, and the proofs.
fn report_proofs(
    global: &Global,
    command: &Optimize,
    inputs: &Inputs,
    (proofs, changed): (&[Proof], &[Change]),
) -> Result<(), CommandFailure> {
    let mut outcome = changes::merged(changed.iter().cloned(), inputs);
    if command.write {
        changes::write_all(&outcome.changes)?;
    } else if let Some(folder) = &command.to {
        changes::write_below(folder, &command.path, &outcome.changes)?;
    }
    let layout = terminal::stdout(global);
    match global.format {
        Format::Json => print(global, &report::proof_json(&inputs.root, proofs)),
        Format::Markdown | Format::Html => print_page(global, &report::proof(proofs)),
        _ => {
            let mut text = Vec::new();
            if !command.write && command.to.is_none() && !outcome.changes.is_empty() {
                text = changes::diff(global, &mut outcome, InputAudit::new(inputs).mask());
                text.push(b'\n');
            }
            text.extend(report::proof(proofs).write(Medium::Terminal, layout).into_bytes());
            print(global, &text)
        }
    }
}

/// 2 where an original does not build, 1 where a rewrite is not proved.
fn code(proofs: &[Proof]) -> u8 {
    let code = |proof: &Proof| match proof.verdict() {
        Verdict::OriginalFails => FAILED,
        Verdict::Rejected | Verdict::Unproved => FOUND,
        Verdict::Proved | Verdict::Unchanged => CLEAN,
    };
    proofs.iter().map(code).max().unwrap_or(CLEAN)
}

/// What is never shown: secrets of the inputs, of compose files and of the command line.
fn mask(inputs: &Inputs, runs: &[ServiceRun], proving: &Proving) -> Mask {
    let mut mask = InputAudit::new(inputs).into_mask();
    let of_runs = runs.iter().flat_map(|run| &run.environment);
    let of_runs = of_runs.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
    let env = proving.env.iter().filter_map(|text| text.split_once('='));
    for (_, value) in of_runs.chain(env).filter(|(name, _)| crate::secret::names_secret(name)) {
        mask.add(value);
    }
    mask
}

/// The proof of a build that stays as it is.
fn unchanged_proof(inputs: &Inputs, build: usize) -> Proof {
    let source = inputs.source(inputs.builds[build].dockerfile);
    Proof { dockerfile: source.name().to_owned(), ..Proof::default() }
}

fn demand_of(proving: &Proving) -> Result<RewriteRequest, CommandFailure> {
    let services: Result<Vec<ServiceContainer>, CommandFailure> =
        proving.service.iter().map(|text| service(text)).collect();
    Ok(RewriteRequest {
        wanted: TrialRequest {
            probes: proving.probe.iter().map(|text| Probe::read(text)).collect(),
            services: services?,
            environment: proving.env.clone(),
            runs: proving.run.clone(),
            limit: Duration::from_secs(proving.start_timeout),
            ..TrialRequest::default()
        },
        test_target: proving.test_target.clone(),
        rounds: proving.rounds.into(),
    })
}

/// `db=postgres:17,POSTGRES_PASSWORD=x`.
fn service(text: &str) -> Result<ServiceContainer, CommandFailure> {
    let mut parts = text.split(',');
    let first = parts
        .next()
        .and_then(|first| first.split_once('='))
        .filter(|(name, image)| !name.is_empty() && !image.is_empty());
    let Some((name, image)) = first else {
        let what = format!("`{text}` is not a service");
        return Err(CommandFailure::Because {
            what,
            help: Some("use NAME=IMAGE, such as --service db=postgres:17".to_owned()),
        });
    };
    Ok(ServiceContainer {
        name: name.to_owned(),
        image: image.to_owned(),
        environment: parts.map(str::to_owned).collect(),
    })
}

/// The inputs' texts with those of a rewrite in their places.
fn sources_after(inputs: &Inputs, build: usize, path: &Path) -> Result<Vec<Source>, CommandFailure> {
    let input = &inputs.builds[build];
    let file = if path.is_dir() { path.join("Dockerfile") } else { path.to_owned() };
    let mut sources = inputs.sources.clone();
    let slot = &mut sources[input.dockerfile.0 as usize];
    *slot = read(&file, slot)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let original = Path::new(inputs.source(input.dockerfile).name());
    let next_to_file = |name: &str| file.parent().unwrap_or(Path::new("")).join(name);
    let candidates: [PathBuf; 2] = [next_to_file(&format!("{name}.dockerignore")), next_to_file(".dockerignore")];
    let elsewhere = original.parent() != file.parent();
    let ignore = candidates
        .into_iter()
        .find(|candidate| candidate.symlink_metadata().is_ok() && (elsewhere || !candidate.ends_with(".dockerignore")));
    if let Some(ignore) = ignore {
        match &input.ignore {
            IgnoreInput::Present(at, _) => {
                let slot = &mut sources[at.0 as usize];
                *slot = read(&ignore, slot)?;
            }
            IgnoreInput::Missing(name) => {
                let source = read(&ignore, &Source::of(name, ""))?;
                sources.push(source);
            }
            IgnoreInput::Unknown => {}
        }
    }
    Ok(sources)
}

/// A file's text under another file's name.
fn read(path: &Path, place: &Source) -> Result<Source, CommandFailure> {
    let failure = |what: String| CommandFailure::Because {
        what,
        help: Some("pass a Dockerfile, or a folder that contains one".to_owned()),
    };
    let bytes = read_bytes(path, DOCKERFILE_LIMIT).map_err(|error| failure(error.to_string()))?;
    place.with_bytes(bytes).map_err(|error| failure(format!("`{}` cannot be read: {error}", path.display())))
}
