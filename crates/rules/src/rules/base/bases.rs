//! Rules about base images.

use std::collections::BTreeSet;

use crate::build::{
    Build, Edge, EdgeKind, Lookup, Reference, Release, Stage, StageBase, UnmaintainedImage, ended_releases,
    is_official, is_suite,
};
use crate::data;
use crate::dockerfile::{Arguments, File, Instruction, InstructionWord};
use crate::finding::{Finding, Findings, Label, Severity};
use crate::inputs::Date;
use crate::rules::Context;
use crate::shell::{Invocation, Manager, Verb};
use crate::sources::patterns;
use crate::text::path;

crate::rules::family! {
    "undeclared-base-arg" => undeclared_base_arg;
    "invalid-base-default" => invalid_base_default;
    "untrusted-registry" => untrusted_registry;
    "base-without-digest" => base_without_digest;
    "floating-base" => floating_base;
    "latest-base" => latest_base;
    "untagged-base" => untagged_base;
    "unversioned-own-base" => unversioned_own_base;
    "end-of-life-base" => end_of_life_base;
}

fn undeclared_base_arg(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    let scopes = cx.build().scopes();
    let bases = cx.build().stages().iter().filter_map(|stage| cx.build().from_of(stage));
    for word in bases.flat_map(|from| words(file, from)) {
        let mut reported = BTreeSet::new();
        for used in scopes.uses(file, word) {
            if scopes.lookup_global(&used.name) != Lookup::Undefined || !reported.insert(used.name.clone()) {
                continue;
            }
            let near = scopes.nearest_global(&used.name);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add `ARG {}` before the first FROM", used.name),
            };
            let message = format!("no ARG before the first FROM declares `{}`", used.name);
            let mut finding = cx.finding(used.span, message).help(help);
            let text = file.source().slice(used.span);
            if let (Some(near), 1) = (near, text.matches(used.name.as_str()).count()) {
                let why = "the name is a guess: the closest known one";
                let text = text.replacen(used.name.as_str(), near, 1);
                finding = finding.unsafe_edit(format!("use `{near}`"), why, used.span, text);
            }
            out.push(finding);
        }
    }
}

/// The platform and the image.
fn words(file: &File, from: &Instruction) -> Vec<InstructionWord> {
    let flag = from.flags.iter().find(|flag| file.flag_name(flag) == "platform");
    let platform = flag.filter(|flag| flag.unquoted.is_none()).and_then(|flag| flag.value);
    let Arguments::Words(words) = &from.arguments else { return Vec::new() };
    words.first().copied().into_iter().chain(platform).collect()
}

fn invalid_base_default(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for (index, base) in file.default_bases() {
        let Some(from) = file.from(&file.instructions()[index]) else { continue };
        // Without a variable the build always rejects it.
        if !from.image.text.contains('$') {
            continue;
        }
        let what = if base.is_empty() { "empty".to_owned() } else { format!("`{base}`") };
        let message = format!("without `--build-arg` this is {what}, which is not a valid image name");
        out.push(cx.finding(from.image.span, message).help("give the ARG a valid default"));
    }
}

fn untrusted_registry(cx: &Context, out: &mut Findings) {
    let Some(trusted) = cx.settings().and_then(|settings| settings.trusted_registries.as_ref()) else { return };
    for edge in cx.build().edges() {
        let StageBase::Image(image) = &edge.to else { continue };
        let registry = registry(image);
        if !trusted.iter().any(|pattern| is_like(pattern, registry)) {
            let message = format!("`{image}` comes from `{registry}`, which is not a trusted registry");
            out.push(cx.finding(edge.span, message).help(format!("trusted registries: {}", trusted.join(", "))));
        }
    }
}

/// Docker Hub, as the builder calls it.
const HUB: &str = "docker.io";

/// The host that an image is pulled from.
fn registry(image: &str) -> &str {
    let name = Reference::of(image).name;
    let host = name.split_once('/').map(|(host, _)| host);
    let host = host.filter(|host| host.contains(['.', ':']) || *host == "localhost").unwrap_or(HUB);
    if ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"].contains(&host) { HUB } else { host }
}

/// Whether a pattern matches a registry: by name, by a suffix after `*` or a prefix before it.
fn is_like(pattern: &str, registry: &str) -> bool {
    if let Some(end) = pattern.strip_prefix('*') {
        return registry.ends_with(end);
    }
    if let Some(start) = pattern.strip_suffix('*') {
        return registry.starts_with(start);
    }
    pattern == registry || (pattern == "hub.docker.com" && registry == HUB)
}

/// Why the image depends on the day of the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum FloatingReason {
    /// No tag, no digest.
    Untagged,
    /// The tag `latest`.
    Latest,
    /// Another tag that its publisher moves.
    Channel,
}

/// An image without a version.
pub(in crate::rules) struct UnversionedImage<'a> {
    /// The instruction that uses it.
    pub edge: &'a Edge,
    /// The image, with variables resolved.
    pub image: &'a str,
    /// Why it has no version.
    pub how: FloatingReason,
}

impl UnversionedImage<'_> {
    /// The message of the finding.
    pub(in crate::rules) fn message(&self) -> String {
        let image = self.image;
        match self.how {
            FloatingReason::Channel | FloatingReason::Latest => {
                format!("`{image}` is a moving tag: it points to a different image after each release")
            }
            FloatingReason::Untagged => {
                format!("`{image}` has no tag, so each build uses the current `latest`")
            }
        }
    }

    /// What to do about it.
    pub(in crate::rules) fn help(&self) -> &'static str {
        match self.edge.kind {
            EdgeKind::From => "pin the version that the build was tested with, or its digest",
            EdgeKind::Copy | EdgeKind::Mount => "pin the version of the image to copy from, or its digest",
        }
    }

    /// Whether hadolint mistakes the colon of a registry's port for that of a tag.
    pub(in crate::rules) fn hides_port(&self) -> bool {
        self.image.split_once('/').is_some_and(|(host, _)| host.contains(':') && !host.contains('.'))
    }
}

/// The images of a build that have no version for one of these reasons, each with the finding about it; `chosen`: those
/// that the file itself chooses, or the others.
fn unversioned<'a>(cx: &'a Context, chosen: bool, reasons: &[FloatingReason]) -> Vec<(UnversionedImage<'a>, Finding)> {
    let mut images = Vec::new();
    for edge in cx.build().edges() {
        let needed = cx.build().stages().get(edge.stage).is_some_and(|stage| cx.build().is_needed(stage));
        let StageBase::Image(image) = &edge.to else { continue };
        // Not chosen is also an image of the project itself, and one whose name contains a release.
        let Some(how) = floats(image, edge.kind).filter(|how| reasons.contains(how)) else { continue };
        let written = cx.source().slice(edge.span);
        let name = Reference::of(image).short_name();
        // A pipeline passes the tag of an image that the project builds itself.
        let parameter = is_parameter(written) || path::name(written).contains('$') && !is_official(name);
        let public = is_public(image);
        let released = how == FloatingReason::Untagged && says_release(name);
        if chosen == (needed && public && !parameter && !released) {
            let image = UnversionedImage { edge, image, how };
            let finding = cx.finding(edge.span, image.message()).help(image.help());
            images.push((image, finding));
        }
    }
    images
}

/// Whether a registry may have the image. A name without a namespace that is not an official image is built by the
/// project itself, or is a named context.
pub(in crate::rules) fn is_public(image: &str) -> bool {
    let reference = Reference::of(image);
    let name = reference.short_name();
    is_name(reference.name) && (name.contains('/') || is_official(name))
}

/// Whether a build argument chooses the whole image: `$BASE`, `${NAMESPACE}/base:${VERSION}`.
fn is_parameter(written: &str) -> bool {
    let Some(first) = written.find('$') else { return false };
    let last = written.rfind('/').map_or(0, |slash| slash + 1);
    let in_name = first < last || !written[last..first].contains(':');
    // A parameter in front of a literal name is a mirror.
    in_name && written[last..].contains('$')
}

/// Why an image depends on the day of the build; `None` where its name has a version.
pub(in crate::rules) fn floats(image: &str, kind: EdgeKind) -> Option<FloatingReason> {
    let reference = Reference::of(image);
    // `--from=2` is reported elsewhere.
    let number = kind != EdgeKind::From && image.parse::<i64>().is_ok();
    if reference.digest.is_some() || number || image.is_empty() {
        return None;
    }
    let name = reference.short_name();
    let Some(tag) = reference.tag else {
        return Some(FloatingReason::Untagged);
    };
    if tag == "latest" {
        return Some(FloatingReason::Latest);
    }
    // `nightly-2026-01-01`, `latest-rust-1.90`; in `alpine3.20` the version is that of Alpine, not of the program.
    if tag.split('-').any(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let first = tag.split(['-', '.']).next().unwrap_or(tag).to_ascii_lowercase();
    let first = first.as_str();
    let suite = is_official(name) && !data::IMAGE_FAMILIES.has(name, "release") && is_suite(first);
    let moves = suite || data::TAG_WORDS.has(first, "channel") || data::TAG_WORDS.has(first, "variant");
    moves.then_some(FloatingReason::Channel)
}

/// Whether it is a valid image name; a placeholder such as `REPLACE-ME` is not.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
}

fn says_release(name: &str) -> bool {
    name.split('/').rev().take(2).flat_map(|part| part.split('-')).any(|word| {
        let family = word.trim_end_matches(|c: char| c.is_ascii_digit());
        family.len() < word.len() && data::IMAGE_FAMILIES.has(family, "numbered")
    })
}

fn base_without_digest(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for edge in build.edges() {
        let needed = build.stages().get(edge.stage).is_some_and(|stage| build.is_needed(stage));
        let StageBase::Image(image) = &edge.to else { continue };
        if !needed || Reference::of(image).digest.is_some() {
            continue;
        }
        let message = format!("`{image}` has no digest, so it can be a different image tomorrow");
        out.push(cx.finding(edge.span, message).help("append the digest of the tested image (`@sha256:…`)"));
    }
}

fn floating_base(cx: &Context, out: &mut Findings) {
    for (image, finding) in unversioned(cx, true, &[FloatingReason::Channel]) {
        if !is_moot(cx, &image) {
            out.push(finding);
        }
    }
}

/// Whether a file of the project chooses the compiler (`rust-toolchain.toml`), not the image. Then the tag only matters for
/// the distribution, which it names.
fn is_moot(cx: &Context, image: &UnversionedImage) -> bool {
    let Some(context) = cx.context() else { return false };
    let reference = Reference::of(image.image);
    let mut words = reference.tag.unwrap_or_default().split('-');
    reference.short_name() == "rust"
        && words.any(is_suite)
        && context.children(None).any(|id| path::name(context.entry(id).name).starts_with("rust-toolchain"))
}

fn latest_base(cx: &Context, out: &mut Findings) {
    for (_, finding) in unversioned(cx, true, &[FloatingReason::Latest]) {
        out.push(finding);
    }
}

fn untagged_base(cx: &Context, out: &mut Findings) {
    for (image, finding) in unversioned(cx, true, &[FloatingReason::Untagged]) {
        let known = image.edge.kind == EdgeKind::From && !image.hides_port();
        out.push(if known { finding } else { finding.without("DL3006") });
    }
}

fn unversioned_own_base(cx: &Context, out: &mut Findings) {
    for (image, finding) in unversioned(cx, false, &[FloatingReason::Untagged, FloatingReason::Latest]) {
        let other = if image.how == FloatingReason::Untagged { "DL3007" } else { "DL3006" };
        let finding = finding.without(other);
        let known = image.how == FloatingReason::Latest || (image.edge.kind == EdgeKind::From && !image.hides_port());
        out.push(if known { finding } else { finding.without("DL3006") });
    }
}

// Releases and images that are no longer maintained.

/// What of an image gets no security fixes any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules) struct EndOfLife {
    unmaintained: Option<UnmaintainedImage>,
    releases: Vec<&'static Release>,
}

impl EndOfLife {
    /// What has ended before a day; `None` if nothing is known to.
    pub(in crate::rules) fn of(image: &str, today: Date) -> Option<Self> {
        let ended = Self { unmaintained: UnmaintainedImage::of(image, today), releases: ended_releases(image, today) };
        (ended.unmaintained.is_some() || !ended.releases.is_empty()).then_some(ended)
    }

    /// What ended when: `Debian 10 (buster) reached end of life on 2024-06-30`.
    pub(in crate::rules) fn reasons(&self) -> String {
        let unmaintained =
            self.unmaintained.iter().map(|it| format!("`{}` has had no updates since {}", it.subject, it.end));
        let releases = self.releases.iter();
        let releases =
            releases.filter_map(|release| Some(format!("{} reached end of life on {}", release.title(), release.end?)));
        unmaintained.chain(releases).collect::<Vec<_>>().join(", ")
    }

    /// What to use instead; `programs`: what it must have.
    pub(in crate::rules) fn help(&self, today: Date, programs: &BTreeSet<&str>) -> String {
        if let Some(image) = self.unmaintained {
            return match image.instead {
                Some(instead) => format!("use a maintained image, such as `{instead}`"),
                None => "use a maintained image".to_owned(),
            };
        }
        let help = "use a maintained release";
        let maintained = self.releases.first().and_then(|release| release.maintained(today, programs));
        match maintained.map(|release| (release, release.end)) {
            Some((release, Some(end))) => format!("{help}, such as {} (until {end})", release.title()),
            Some((release, None)) => format!("{help}, such as {}", release.title()),
            None => help.to_owned(),
        }
    }
}

/// An image without its digest, which says nothing to people.
pub(in crate::rules) fn without_digest(image: &str) -> &str {
    image.split_once('@').map_or(image, |(name, _)| name)
}

const FETCHES: [Verb; 4] = [Verb::Update, Verb::Install, Verb::Upgrade, Verb::Download];

fn end_of_life_base(cx: &Context, out: &mut Findings) {
    let Some(today) = cx.inputs().today else { return };
    // Base images of the same release are reported once.
    let mut findings: Vec<(EndOfLife, Finding, bool)> = Vec::new();
    let mut programs = None;
    for edge in cx.build().edges().iter().filter(|edge| edge.kind == EdgeKind::From) {
        let needed = cx.build().stages().get(edge.stage).is_some_and(|stage| cx.build().is_needed(stage));
        let StageBase::Image(image) = &edge.to else { continue };
        if !needed {
            continue;
        }
        let Some(ended) = EndOfLife::of(image, today) else { continue };
        let ships = ships(cx.build(), edge.stage);
        if let Some((_, first, first_ships)) = findings.iter_mut().find(|(other, ..)| *other == ended) {
            let text = "same release".to_owned();
            if ships && !*first_ships {
                // What ships is what matters most.
                first.labels.push(Label { span: std::mem::replace(&mut first.span, edge.span), text });
                first.message = message(cx.build(), edge.stage, image, &ended);
                *first_ships = true;
            } else {
                first.labels.push(Label { span: edge.span, text });
            }
            continue;
        }
        let lacks_packages = cx
            .build()
            .stages()
            .iter()
            .any(|stage| *cx.build().root_base(stage) == edge.to && asks_mirror(cx.build(), stage));
        let mirror =
            if lacks_packages { "; its packages are no longer on the mirror, so installing them fails" } else { "" };
        let programs = programs.get_or_insert_with(|| programs_of(cx.build()));
        let help = ended.help(today, programs);
        let finding =
            cx.finding(edge.span, format!("{}{mirror}", message(cx.build(), edge.stage, image, &ended))).help(help);
        let finding = finding.when(checks_downloads_of_release(cx.build()), |finding| {
            let help = finding.help.clone().unwrap_or_default();
            finding
                .help(format!(
                    "{help}; the file downloads what was made for this release, with its checksum: change both"
                ))
                .lowered(Severity::Info)
        });
        findings.push((ended, finding, ships));
    }
    for (_, finding, _) in findings {
        out.push(finding);
    }
}

/// Whether a stage is the final one, or the final one is based on it.
fn ships(build: &Build, stage: usize) -> bool {
    build.target().is_some_and(|target| build.chain(target).any(|above| above.index == stage))
}

/// With several stages, whether the base ships or only builds.
fn message(build: &Build, stage: usize, image: &str, ended: &EndOfLife) -> String {
    let stages = build.stages();
    let title = stages.get(stage).map(Stage::title).unwrap_or_default();
    let role = match (stages.len(), ships(build, stage)) {
        (0 | 1, _) => String::new(),
        (_, true) => format!(", on which the final image is based (stage `{title}`),"),
        (_, false) => format!(" (stage `{title}`, which does not ship)"),
    };
    format!("`{}`{role} no longer receives security fixes: {}", without_digest(image), ended.reasons())
}

/// The programs that the file calls.
fn programs_of<'a>(build: &'a Build) -> BTreeSet<&'a str> {
    let codes = build.stages().iter().flat_map(|stage| build.instructions(stage)).filter_map(|(at, _)| build.code(at));
    codes.flat_map(|code| code.script.invocations()).filter_map(|invocation| invocation.program).collect()
}

/// Whether a RUN downloads a file whose name has the release of the base, and compares its checksum.
fn checks_downloads_of_release(build: &Build) -> bool {
    let stages = build.needed_stages();
    let mut codes = stages.flat_map(|stage| build.instructions(stage)).filter_map(|(index, instruction)| {
        Some((build.code(index)?, build.input().file.source().slice(instruction.span)))
    });
    codes.any(|(code, text)| {
        let mut calls = code.script.invocations().into_iter().filter_map(|invocation| invocation.program);
        text.contains("://")
            && patterns::shows(text, "names the release of the system")
            && calls.any(|program| program.ends_with("sum"))
    })
}

/// Whether a stage requests packages that are no longer on the mirror of its distribution.
fn asks_mirror(build: &Build, stage: &Stage) -> bool {
    let managers = [Manager::Apt, Manager::Yum, Manager::Dnf];
    let mut codes = build.instructions(stage).filter_map(|(index, _)| build.code(index));
    let asks = |invocation: &Invocation| invocation.call_of(&managers).is_some_and(|call| FETCHES.contains(&call.verb));
    codes.any(|code| code.script.invocations().iter().any(asks)) && build.lacks_packages(stage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    #[test]
    fn registries_are_distinguished() {
        for (image, registry) in [
            ("debian:12", "docker.io"),
            ("org/app", "docker.io"),
            ("localhost/a", "localhost"),
            ("r.example:5000/a:1", "r.example:5000"),
            ("index.docker.io/library/a@sha256:1", "docker.io"),
        ] {
            assert_eq!(super::registry(image), registry);
        }
        for (pattern, registry, like) in [
            ("*", "a.example", true),
            ("*.corp.example", "a.corp.example", true),
            ("*.corp.example", "corp.example", false),
            ("a*", "a.example", true),
            ("hub.docker.com", "docker.io", true),
            ("a.example", "b.a.example", false),
        ] {
            assert_eq!(super::is_like(pattern, registry), like, "{pattern} {registry}");
        }
    }

    /// What `compose emit` writes would otherwise be reported by the linter.
    #[test]
    fn images_that_are_written_are_maintained() {
        let newest =
            data::SERVER_IMAGES.rows().chain(data::RELEASES.rows()).filter_map(|row| Date::parse(row[row.len() - 2]));
        let today = newest.max().unwrap();
        for row in data::SERVER_IMAGES.rows() {
            assert_eq!(EndOfLife::of(row[2], today), None, "server_images.tsv: {}", row[2]);
        }
    }
}
