//! Pass `secret-env`: removes secrets that nothing reads from the image's configuration, and says what to do about the
//! others.

use crate::build::Secret;
use crate::dockerfile::{Keyword, LineKind};
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::reason::reasons;
use crate::sources::patterns;
use crate::text::Span;

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let all = build.secrets();
    for secret in &all {
        let (name, instruction) = (&secret.name, build.instruction(secret.instruction));
        let what = format!("keeps `{name}` in {}", input.file().str(instruction.name).to_ascii_uppercase());
        if instruction.keyword != Keyword::Env {
            if instruction.keyword == Keyword::Arg && is_first(&all, secret) {
                output.refuse(what, SecretReason::PassedByBuild { name: name.clone() });
            }
            continue;
        }
        if let Some(reader) = reader(input, name, &all) {
            if !is_first(&all, secret) {
                continue;
            }
            output.refuse(what, SecretReason::MayBeRead { reader });
            continue;
        }
        let pairs = input.file().variables(instruction);
        if pairs.len() != 1 {
            output.refuse(what, SecretReason::OtherVariables);
            continue;
        }
        let place = whole_lines(input, secret.instruction);
        output.step(format!("removes `{name}` from the image"), "no source reads it", vec![input.edit(place, "")]);
    }
}

/// Whether no stage above declares a variable of this name.
fn is_first(all: &[Secret], secret: &Secret) -> bool {
    all.iter().find(|other| other.name == secret.name) == Some(secret)
}

/// The instruction with its comments and line ends.
fn whole_lines(input: &PassInput, index: usize) -> Span {
    let passage = input.instruction_span(index);
    let above =
        input.file().lines().iter().any(|line| line.kind == LineKind::Comment && line.span.start == passage.start);
    // A comment above tells of more than this line alone.
    if above { Span::new(input.build.instruction(index).span.start, passage.end) } else { passage }
}

/// What reads the variable, or may.
fn reader(input: &PassInput, name: &str, all: &[Secret]) -> Option<SecretReader> {
    let wanted = name.to_ascii_lowercase();
    let upper = name.to_ascii_uppercase();
    if patterns::words("begins a variable that libraries read").any(|start| upper.starts_with(start)) {
        return Some(SecretReader::LibraryOrTool);
    }
    if input.evidence.texts_cut || input.evidence.texts.is_empty() {
        return Some(SecretReader::UnreadSource);
    }
    let has = |text: &str| text.to_ascii_lowercase().contains(&wanted);
    if let Some((path, _)) = input.evidence.perhaps_holding(&[&wanted]).find(|(_, text)| has(text)) {
        return Some(SecretReader::File { path: path.clone() });
    }
    // `env_prefix="DB_"` of pydantic, `f"{PREFIX}_PASSWORD"`.
    let words: Vec<String> = wanted
        .match_indices('_')
        .flat_map(|(at, _)| {
            let (prefix, rest) = (&wanted[..=at], &wanted[at..]);
            [
                format!("\"{prefix}\""),
                format!("'{prefix}'"),
                format!("}}{rest}"),
                format!("\"{rest}"),
                format!("'{rest}"),
            ]
        })
        .collect();
    let joined = |text: &str| {
        let text = text.to_ascii_lowercase();
        words.iter().any(|word| text.contains(word.as_str()))
    };
    if let Some((path, _)) = input.evidence.perhaps_holding(&words).find(|(_, text)| joined(text)) {
        return Some(SecretReader::ComposesNames { path: path.clone() });
    }
    let mut variables = input.evidence.services.iter().flat_map(|service| &service.environment);
    if variables.any(|known| known.eq_ignore_ascii_case(name)) {
        return Some(SecretReader::ComposeService);
    }
    let instructions = input.file().instructions().iter().enumerate();
    // Other stages that declare it read it no more than this one does.
    let declares = |index: usize| all.iter().any(|secret| secret.name == name && secret.instruction == index);
    let mut others = instructions.filter(|(index, _)| !declares(*index));
    others.any(|(_, instruction)| has(input.source().slice(instruction.span))).then_some(SecretReader::OtherInstruction)
}

reasons! {
    /// Why a secret stays in an instruction.
    pub(super) SecretReason {
        PassedByBuild { name: String }:
            "the build command passes it; use `RUN --mount=type=secret,id={name},env={name}` to keep it out of the \
             history";
        MayBeRead { reader: SecretReader }:
            "{reader} may read it. Set it when the container starts, and replace the secret: everyone with the \
             image can read it";
        OtherVariables: "the instruction also sets other variables; move it to its own instruction, or remove it";
    }
}

reasons! {
    /// What may read a secret.
    pub(super) SecretReader {
        LibraryOrTool: "a library or tool";
        UnreadSource: "a source that was not read";
        File { path: String }: "`{path}`";
        ComposesNames { path: String }: "`{path}`, which composes variable names,";
        ComposeService: "a compose service";
        OtherInstruction: "another instruction";
    }
}
