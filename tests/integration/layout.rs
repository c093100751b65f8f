//! Rewrites as a reviewer merges them: what holds for every small project's Dockerfile.

use std::collections::BTreeSet;
use std::fs;

/// The author's text and the rewritten one of all small projects.
fn rewrites() -> Vec<(String, String, String)> {
    let mut pairs = Vec::new();
    for entry in fs::read_dir("tests/projects").unwrap() {
        let folder = entry.unwrap().path();
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let Some((before, after)) = read("Dockerfile").zip(read("optimized/Dockerfile")) else { continue };
        pairs.push((folder.file_name().unwrap().to_str().unwrap().to_owned(), before, after));
    }
    assert!(pairs.len() > 40);
    pairs
}

/// Stages as lists of instructions on one line each; a heredoc's body is none of them.
fn stages(text: &str) -> Vec<Vec<String>> {
    let mut stages: Vec<Vec<String>> = Vec::new();
    let (mut open, mut body): (bool, Option<String>) = (false, None);
    for line in text.lines() {
        if let Some(end) = &body {
            if line.trim() == end {
                body = None;
            }
            continue;
        }
        if !open && (line.trim().is_empty() || line.starts_with('#')) {
            continue;
        }
        let continued = line.trim_end().ends_with('\\');
        let part = line.trim().trim_end_matches('\\').trim().to_owned();
        if open {
            let last = stages.last_mut().and_then(|stage| stage.last_mut()).unwrap();
            last.push(' ');
            last.push_str(&part);
        } else if part.starts_with("FROM ") || stages.is_empty() {
            stages.push(vec![part]);
        } else {
            body = part.split_once("<<").map(|(_, rest)| {
                rest.split_whitespace().next().unwrap_or_default().trim_matches(['\'', '"', '-']).to_owned()
            });
            stages.last_mut().unwrap().push(part);
        }
        open = continued;
    }
    stages
}

/// Checks something of each rewrite and names those that do not pass.
fn each(wrong: impl Fn(&str, &str) -> Option<String>) {
    let wrong_layouts: Vec<String> = rewrites()
        .iter()
        .filter_map(|(name, before, after)| wrong(before, after).map(|what| format!("{name}: {what}\n{after}")))
        .collect();
    assert!(wrong_layouts.is_empty(), "{}", wrong_layouts.join("\n"));
}

#[test]
fn one_blank_line_stands_between_stages() {
    each(|before, after| {
        let doubled = after.contains("\n\n\n") && !before.contains("\n\n\n");
        let stages = after.match_indices("\nFROM ").filter(|(at, _)| {
            let mut head = &after[..=*at];
            while let Some(line) = head.lines().next_back().filter(|line| line.starts_with('#')) {
                head = &head[..head.len() - line.len() - 1];
            }
            let opens = head.lines().all(|line| line.starts_with("ARG ") || line.starts_with('#') || line.is_empty());
            !opens && !head.ends_with("\n\n")
        });
        let joined = stages.count() > 0 && !before.contains("\nFROM ");
        (doubled || joined).then(|| "stages stand too far apart or too close".to_owned())
    });
}

#[test]
fn no_stage_copies_a_path_twice() {
    each(|_, after| {
        stages(after).into_iter().find_map(|stage| {
            let run = stage.iter().enumerate();
            let copies: Vec<(usize, &str)> =
                run.filter_map(|(at, line)| Some((at, line.strip_prefix("COPY ")?))).collect();
            let everything = copies.iter().rfind(|(_, line)| line.ends_with(" . ."))?;
            let before = stage[..everything.0].iter().rposition(|line| line.starts_with("RUN ")).unwrap_or(0);
            let twice = copies.iter().find(|(at, line)| {
                *at < everything.0 && *at > before && !line.contains("--") && !line.contains("<<")
            })?;
            Some(format!("`COPY {}` and `COPY . .`", twice.1))
        })
    });
}

#[test]
fn no_comment_is_lost_above_a_line_that_stays() {
    each(|before, after| {
        let lines: Vec<&str> = before.lines().collect();
        let kept_lines: BTreeSet<&str> = after.lines().collect();
        lines.windows(2).find_map(|pair| {
            let comment = pair[0].starts_with('#') && !pair[1].starts_with('#') && !pair[1].trim().is_empty();
            let lost = comment && kept_lines.contains(pair[1]) && !kept_lines.contains(pair[0]);
            lost.then(|| format!("`{}` is gone, and `{}` is there", pair[0], pair[1]))
        })
    });
}

#[test]
fn folders_are_named_in_full_and_once() {
    each(|before, after| {
        stages(after).into_iter().find_map(|stage| {
            stage
                .windows(2)
                .find_map(|pair| {
                    let both = pair.iter().all(|line| line.starts_with("WORKDIR "));
                    (both && !before.contains(&pair.join("\n"))).then(|| pair.join(", "))
                })
                .or_else(|| {
                    let relative = |line: &&String| {
                        line.strip_prefix("WORKDIR ").is_some_and(|folder| !folder.starts_with(['/', '$', '"']))
                    };
                    stage.iter().find(relative).filter(|line| !before.contains(line.as_str())).cloned()
                })
        })
    });
}

#[test]
fn stages_are_named_after_what_they_do() {
    each(|before, after| {
        stages(after).into_iter().find_map(|stage| {
            let name = stage[0].split_once(" AS ")?.1.trim().to_owned();
            let says = ["base", "build", "client", "dependencies", "site", "test"];
            let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            let is_own_name = before.to_ascii_lowercase().contains(&format!(" as {name}"));
            let good = is_own_name || plain && says.iter().any(|word| name.contains(word));
            (!good).then(|| format!("stage `{name}`"))
        })
    });
}

#[test]
fn no_shell_stands_around_one_program() {
    each(|_, after| {
        let lines = after.lines().filter(|line| line.starts_with("CMD ") || line.starts_with("ENTRYPOINT "));
        let shell = |line: &&str| {
            let wrapped = line.contains("\"-c\", \"");
            wrapped && !line.contains(['$', '*', '|', ';']) && !line.contains("&&") && !line.contains('=')
        };
        lines.filter(shell).map(str::to_owned).next()
    });
}

#[test]
fn environments_see_no_packages_of_the_base() {
    each(|before, after| {
        let sees = |text: &str| text.contains("--system-site-packages");
        (sees(after) && !sees(before)).then(|| "--system-site-packages".to_owned())
    });
}

#[test]
fn ownership_covers_written_folders() {
    each(|before, after| {
        let manifests = ["node_modules", "package.json", "package-lock.json", "requirements.txt", "Gemfile", "pom.xml"];
        let owned = |line: &&str| line.contains("--chown=") && manifests.iter().any(|name| line.contains(name));
        after.lines().filter(owned).find(|line| !before.contains(line)).map(str::to_owned)
    });
}
