//! Rules about the names under which images are pushed by hand and by pipelines.

use super::steps::{ImagePush, pushes, without_tag};
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::sources::code::words;
use crate::sources::patterns;
use crate::text::listed;

crate::rules::family! {
    of_workflow
    "push-without-namespace" => push_without_namespace;
    "tag-of-changed-tree" => tag_of_changed_tree;
}

/// Meaning in `data/source_patterns.tsv`.
const CLEAN: &str = "looks at changes that are not committed, or leaves them out";

/// Names that a message has room for.
const NAMED: usize = 3;

/// A name without a registry and without a namespace is one of Docker's official images.
fn push_without_namespace(cx: &WorkflowContext, out: &mut Findings) {
    let mut first = None;
    let mut names: Vec<String> = Vec::new();
    for push in pushes(cx) {
        if is_of_podman(cx, &push) {
            continue;
        }
        for tag in &push.tags {
            let name = without_tag(&tag.text);
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_plain) || name.starts_with('-') {
                continue;
            }
            first.get_or_insert(tag.place);
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    let (Some(place), Some(name)) = (first, names.first()) else { return };
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>();
    let others = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    let place_of_names = if names.len() == 1 {
        format!("goes to `docker.io/library/{name}`")
    } else {
        "go to `docker.io/library/`".to_owned()
    };
    let message = format!(
        "without a registry in front, {}{others} {place_of_names}, where only Docker may push: access is denied",
        listed(&shown)
    );
    if let Some(finding) = cx.finding(place, message) {
        out.push(finding.help(format!("push and pull `REGISTRY/NAMESPACE/{name}`, and give it that tag at the build")));
    }
}

/// Whether Podman pushes an image, to wherever its second argument says.
fn is_of_podman(cx: &WorkflowContext, push: &ImagePush) -> bool {
    let text = cx.input.file_of(push.place).and_then(|file| {
        let text = cx.inputs.source(file).text();
        text.get(push.place.span.start as usize..)
    });
    push.call.is_none() && text.is_none_or(|text| !text.starts_with("docker") && !text.starts_with("nerdctl"))
}

/// The commit of a folder as the tag of what is built from it, changes included.
fn tag_of_changed_tree(cx: &WorkflowContext, out: &mut Findings) {
    // A pipeline has a fresh checkout.
    if cx.workflow().kind.is_pipeline() {
        return;
    }
    let text = cx.source().text();
    if !text.contains("git rev-parse") || patterns::shows(text, CLEAN) {
        return;
    }
    let is_tagged_so = |push: &ImagePush| push.tags.iter().any(|tag| is_of_commit(text, &tag.text));
    let Some(push) = pushes(cx).into_iter().find(is_tagged_so) else { return };
    let message =
        "the tag names a commit, and the image has all changes that are not committed, too: nothing can build it again";
    if let Some(finding) = cx.finding(push.place, message) {
        out.push(finding.help("end before the build where there are some: `git diff --quiet HEAD || exit 1`"));
    }
}

/// Whether a reference has the commit of the folder in it, by itself or by a variable.
fn is_of_commit(text: &str, reference: &str) -> bool {
    let is_it = |text: &str| text.contains("git rev-parse");
    let names = reference.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|name| !name.is_empty());
    let is_set_so = |name: &str| {
        let mut settings = text.lines().filter(|line| is_it(line));
        settings.any(|line| {
            let setting = line.split_once('=').map_or("", |(before, _)| before);
            words(setting, name).next().is_some()
        })
    };
    is_it(reference) || reference.contains(['$', '{']) && names.into_iter().any(is_set_so)
}
