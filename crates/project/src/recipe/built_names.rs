//! The names that scripts, pipelines and texts for people give to the images that they build.

use std::collections::BTreeSet;

use super::image_build::replaced;
use super::{engines, joined_text, variables};
use crate::text::path;

/// The maximum number of names of a text.
const NAMES: usize = 200;

/// The names of images that a text builds, without tags, as far as they are plain: those behind `-t` of a command, and
/// those of a pipeline's list of tags.
pub fn built_image_names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let builds = engines().iter().any(|engine| text.contains(engine)) && text.contains("build");
    if !builds {
        return names;
    }
    let mut variables = variables(text);
    variables.extend(written_settings(text));
    let mut in_list = false;
    // PowerShell continues a line behind a backtick.
    let text = text.replace("`\n", "\\\n");
    for (_, line) in joined_text(&text) {
        let whole = replaced(&in_shell(&line), &variables);
        let trimmed = whole.trim_start();
        let key = trimmed.trim_start_matches("- ").split_once(':').map(|(key, _)| key);
        in_list = match key {
            Some("tags" | "images" | "image-name") => true,
            Some(key) if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) => false,
            _ => in_list,
        };
        let separators = |c: char| c.is_whitespace() || "\"'`(),;=[]".contains(c);
        let words: Vec<&str> = trimmed.split(separators).filter(|word| !word.is_empty()).collect();
        for (at, word) in words.iter().enumerate() {
            let is_tagged = at > 0 && matches!(words[at - 1], "-t" | "--tag") && words.contains(&"build");
            if (is_tagged || in_list && word.contains('/')) && names.len() < NAMES {
                names.extend(image_name(word));
            }
        }
    }
    names
}

/// The variables of a pipeline: `IMAGE: ghcr.io/acme/web`.
fn written_settings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let settings = text.lines().filter_map(|line| line.trim().split_once(": "));
    let settings = settings.filter(move |(name, _)| is_name(name));
    let settings = settings.map(|(name, value)| (name, value.trim().trim_matches(['"', '\''])));
    settings.filter(|(_, value)| !value.contains(|c: char| c.is_whitespace() || c == '$'))
}

/// A line with the variables of a pipeline as a shell has them: `${{ env.IMAGE }}` as `${IMAGE}`.
fn in_shell(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once("${{") {
        out.push_str(before);
        let name = behind.split_once("}}").and_then(|(inner, after)| Some((inner.trim().strip_prefix("env.")?, after)));
        if let Some((name, after)) = name {
            out.push_str(&format!("${{{name}}}"));
            rest = after;
        } else {
            out.push_str("${{");
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

/// The name of a reference without tag, digest and the registry that is meant anyway.
fn image_name(reference: &str) -> Option<String> {
    if let Some((first, rest)) = reference.split_once('/')
        && (first.starts_with('$') || first == "}}")
    {
        return Some(format!("*/{}", image_name(rest)?));
    }
    let name = reference.split('@').next()?;
    let (folder, last) = path::split(name);
    let name = path::child(folder, last.split(':').next().unwrap_or(last));
    let name = name.trim_start_matches("docker.io/");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:".contains(c);
    (!name.is_empty() && name.chars().all(plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_behind_tags_are_read() {
        let check = |text: &str, expected: &[&str]| {
            let names = built_image_names(text);
            assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
        };
        check("docker build -t acme/web:1 .\ndocker run -t alpine\n", &["acme/web"]);
        check(
            "docker buildx build \\\n  --tag=ghcr.io/acme/web:$V \\\n  --tag acme/web .\n",
            &["acme/web", "ghcr.io/acme/web"],
        );
        check("NAME=acme/api\ndocker build -t ${NAME}:latest -t docker.io/acme/b .\n", &["acme/api", "acme/b"]);
        let workflow =
            "- uses: docker/build-push-action@v6\n  with:\n    tags: |\n      acme/web:latest\n    context: a/b\n";
        check(workflow, &["acme/web"]);
        check(
            "tags: ${{ c && format('acme/web:{0}', v) || format('acme/web:latest', v) }} # docker build",
            &["acme/web"],
        );
        let workflow = "env:\n  REGISTRY: ghcr.io\n  IMAGE_API: ghcr.io/acme/api\njobs:\n  - uses: docker/metadata-action@v5\n    with:\n      \
                        images: ${{ env.IMAGE_API }}\n  - uses: docker/build-push-action@v6\n    with:\n      \
                        tags: ${{ env.REGISTRY }}/acme/web:${{ github.sha }}\n";
        check(workflow, &["ghcr.io/acme/api", "ghcr.io/acme/web"]);
        check("docker build -t $HUB_USER/web:1 -t ${USER}/team/api .\n", &["*/team/api", "*/web"]);
        check("docker build `\n  -t acme/web:1 `\n  .\n", &["acme/web"]);
        check("services:\n  db:\n    image: acme/db\n", &[]);
        check("docker run -t acme/web\n", &[]);
    }
}
