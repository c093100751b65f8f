//! Steps of workflows that build an image: `docker/build-push-action` with its `context` and `file`, and other actions with
//! an input that names a Dockerfile.

use std::collections::BTreeMap;

use super::image_build::{BUILDS, ImageBuild, is_plain, replaced};
use crate::sources::patterns;
use crate::yaml::{self, YamlNode};

/// Meanings in `data/source_patterns.tsv`.
const ACTION: &str = "action that builds an image";
const DOCKERFILE_INPUT: &str = "input of an action with the Dockerfile";
const CONTEXT_INPUT: &str = "input of an action with the build context";

/// How deep a workflow nests its steps.
const DEEPEST: usize = 8;

/// The builds of a workflow, with the action's defaults.
pub(super) fn image_builds(text: &str) -> Vec<ImageBuild> {
    let mut builds = Vec::new();
    if patterns::shows(text, ACTION) || (text.contains("uses:") && names_dockerfile(text)) {
        for root in yaml::read(text).documents() {
            add(root, text, DEEPEST, &mut builds);
        }
    }
    builds
}

fn add(node: YamlNode, text: &str, depth: usize, builds: &mut Vec<ImageBuild>) {
    if builds.len() >= BUILDS {
        return;
    }
    let uses = node.get("uses").and_then(YamlNode::text).unwrap_or_default();
    if patterns::shows(uses, ACTION)
        || (!uses.is_empty() && input(node, DOCKERFILE_INPUT).is_some_and(names_dockerfile))
    {
        builds.extend(of_step(node, text));
        return;
    }
    if depth > 0 {
        for below in node.items().chain(node.entries().map(|entry| entry.value)) {
            add(below, text, depth - 1, builds);
        }
    }
}

fn names_dockerfile(text: &str) -> bool {
    text.contains("Dockerfile") || text.contains("dockerfile")
}

/// The first input of a step's action with a meaning.
fn input<'t>(step: YamlNode<'t>, meaning: &str) -> Option<&'t str> {
    let with = step.get("with")?;
    let value = |key: &'static str| with.get(key).and_then(YamlNode::text).map(str::trim);
    patterns::words(meaning).filter_map(value).find(|value| !value.is_empty())
}

fn of_step(step: YamlNode, text: &str) -> Option<ImageBuild> {
    let value = |meaning: &str| Some(replaced(input(step, meaning)?, &BTreeMap::new()));
    let context = value(CONTEXT_INPUT).unwrap_or_else(|| ".".to_owned());
    let file = value(DOCKERFILE_INPUT);
    let known = is_plain(&context) && file.as_deref().is_none_or(is_plain);
    let line = text[..step.span().start as usize].matches('\n').count() as u32 + 1;
    known.then_some(ImageBuild { line, file, context, folders: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_with_the_action_are_read() {
        let step = |with: &str| {
            format!(
                "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n        with:\n          push: true\n{with}"
            )
        };
        let check = |with: &str, expected: Option<(Option<&str>, &str)>| {
            let builds = image_builds(&step(with));
            let builds = builds.first().map(|build| (build.file.as_deref(), build.context.as_str()));
            assert_eq!(builds, expected, "{with}");
        };
        check("", Some((None, ".")));
        check("          context: web\n", Some((None, "web")));
        check(
            "          context: .\n          file: docker/web/Dockerfile\n",
            Some((Some("docker/web/Dockerfile"), ".")),
        );
        check("          context: ${{ matrix.folder }}\n", None);
        check("          context: \"{{defaultContext}}:web\"\n", Some((None, "web")));
        check("          context: ${{ github.workspace }}/api\n", Some((None, "./api")));
        assert!(image_builds("jobs: {}\n").is_empty());
        let other = "steps:\n- uses: ./.github/actions/build-image\n  with:\n    dockerfile-path: api/Dockerfile\n    build-context: api\n- uses: actions/cache@v4\n  with: {path: a}\n";
        let builds = image_builds(other);
        let builds: Vec<_> = builds.iter().map(|build| (build.line, build.file.as_deref(), &*build.context)).collect();
        assert_eq!(builds, [(2, Some("api/Dockerfile"), "api")]);
    }
}
