//! The commands of a step with the folder that each runs in.

use super::model::{Step, StepScript};
use super::place::WorkflowText;
use super::script_folder::known_folder;
use crate::manifest::FileKind;
use crate::shell::{Invocation, ScopeKind, Word};
use crate::text::path;

/// Commands of one script that are looked at.
const COMMANDS: usize = 2_000;

/// A command of a step.
#[derive(Clone, Debug)]
pub struct StepCommand<'s> {
    /// The program with its arguments.
    pub invocation: Invocation<'s>,
    /// The folder that it runs in, as seen from the top of the repository; `None` for that.
    pub folder: Option<WorkflowText>,
}

/// A folder that is left again: where, and for which.
struct Left {
    end: u32,
    folder: Option<WorkflowText>,
}

impl<'s> StepCommand<'s> {
    /// The commands of a step that a POSIX shell runs, in order.
    pub fn all(step: &'s Step) -> Vec<Self> {
        match &step.script {
            Some(script) if step.is_posix() => Self::walk(step.folder.as_ref(), script).0,
            _ => Vec::new(),
        }
    }

    /// The commands of a script that starts in a folder, and the folder that its shell is in at its end.
    fn walk(start: Option<&WorkflowText>, script: &'s StepScript) -> (Vec<Self>, Option<WorkflowText>) {
        let (mut commands, mut folder) = (Vec::new(), start.cloned());
        let mut left: Vec<Left> = Vec::new();
        for invocation in script.commands().invocations().into_iter().take(COMMANDS) {
            let outer = script.commands().commands.get(invocation.outer as usize);
            let at = outer.map_or(invocation.span.start, |command| command.span.start);
            while let Some(known) = left.last().filter(|left| left.end <= at) {
                folder.clone_from(&known.folder);
                left.pop();
            }
            if matches!(invocation.program, Some("cd" | "pushd" | "popd")) {
                let target = match invocation.args {
                    [target] if invocation.is("cd") || invocation.is("pushd") => script.text_of(target),
                    _ => WorkflowText::unknown(script.text.place_of(invocation.span)),
                };
                let own_folder = known_folder(script, &target.text);
                let target = match own_folder {
                    Some(text) => WorkflowText { text, place: target.place },
                    None => joined_folder(folder.as_ref(), &target),
                };
                if let Some(end) = end_of_effect(script, &invocation) {
                    let before = if end.1 {
                        folder.clone()
                    } else {
                        Some(joined_folder(None, &WorkflowText::unknown(target.place)))
                    };
                    left.push(Left { end: end.0, folder: before });
                }
                folder = Some(target);
                continue;
            }
            commands.push(Self { invocation, folder: folder.clone() });
        }
        let folder = left.into_iter().next().map_or(folder, |left| left.folder);
        (commands, folder)
    }

    /// The script of the repository that it runs, by its ending and its place: `./deploy.sh`, `bash ci/test.sh`.
    pub fn script(&self) -> Option<String> {
        let word = self.script_word()?;
        let path = self.path(word.value()?)?;
        (!path.is_empty()).then_some(path)
    }

    /// The word that names that script.
    pub fn script_word(&self) -> Option<&'s Word> {
        let invocation = &self.invocation;
        let is_script = |word: &Word| word.value().is_some_and(|text| FileKind::of(text).is_shell());
        if invocation.path.text().contains('/') && is_script(invocation.path) {
            return Some(invocation.path);
        }
        let first = invocation.args.first()?;
        (matches!(invocation.program?, "sh" | "bash" | "dash" | "zsh") && is_script(first)).then_some(first)
    }

    /// A path that the command names, as seen from the top of the repository; `None` where it is not known or elsewhere.
    pub fn path(&self, text: &str) -> Option<String> {
        let folder = self.folder.as_ref().map_or(Some(String::new()), |folder| known_path(&folder.text))?;
        let is_plain = !text.is_empty() && !text.starts_with(['/', '~', '-']) && !text.contains("://");
        if is_plain { known_path(&path::join(&folder, text)) } else { None }
    }
}

/// The folder that a shell is in behind a script that it starts in `folder`.
pub(super) fn folder_after(folder: Option<&WorkflowText>, script: &StepScript) -> Option<WorkflowText> {
    if script.text.text.contains("cd ") { StepCommand::walk(folder, script).1 } else { folder.cloned() }
}

/// A path of the repository without what only a run knows; `None` for others.
fn known_path(text: &str) -> Option<String> {
    let path = path::normalize(text);
    let is_known = !text.contains(['$', '{', '}', '*', '?', '`', '\n', '[', '\\']);
    let is_inside = path != ".." && !path.starts_with("../") && !path.starts_with(['/', '~']);
    (is_known && is_inside).then(|| if path == "." { String::new() } else { path })
}

/// Where the folder of a `cd` is left again, and whether it is then the one before; `None` where it holds to the end.
fn end_of_effect(script: &StepScript, invocation: &Invocation) -> Option<(u32, bool)> {
    let commands = script.commands();
    let outer = commands.commands.get(invocation.outer as usize)?;
    // A script given to `sh -c` ends with that command.
    if !invocation.via.is_empty() && invocation.command.span != outer.span {
        return Some((outer.span.end, true));
    }
    let mut scope = commands.scopes.get(outer.place.scope as usize);
    let mut end = None;
    for _ in 0..commands.scopes.len() {
        let Some(known) = scope else { break };
        match known.kind {
            ScopeKind::Subshell | ScopeKind::Substitution => return Some((known.span.end, true)),
            ScopeKind::Branch | ScopeKind::Loop | ScopeKind::Function => end = Some((known.span.end, false)),
            ScopeKind::Top | ScopeKind::Group | ScopeKind::Condition => {}
        }
        scope = known.parent.and_then(|parent| commands.scopes.get(parent as usize));
    }
    end
}

/// The folder that `cd` leads to; one that is not known stays so for all that follows.
fn joined_folder(folder: Option<&WorkflowText>, target: &WorkflowText) -> WorkflowText {
    let above = folder.map_or("", |folder| folder.text.as_str());
    let text = if target.text.starts_with(['/', '$', '~', '-']) {
        format!("$/{}", target.text)
    } else {
        path::join(above, &target.text)
    };
    WorkflowText { text, place: target.place }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;
    use crate::workflow::{ScriptText, WorkflowPlace};

    #[test]
    fn folders_are_followed() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let place = WorkflowPlace::of(Span::new(0, text.len() as u32));
            let step = Step::of_script(place, ScriptText::new(text, text, place));
            let commands = StepCommand::all(&step);
            let folders: Vec<_> = commands
                .iter()
                .map(|command| {
                    (command.invocation.program.unwrap_or_default(), command.path("x").unwrap_or("?".to_owned()))
                })
                .collect();
            let folders: Vec<_> = folders.iter().map(|(program, folder)| (*program, folder.as_str())).collect();
            assert_eq!(folders, expected, "{text}");
        };
        check("a; cd b && c; cd ../d; e", &[("a", "x"), ("c", "b/x"), ("e", "d/x")]);
        check("(cd b; c); d", &[("c", "b/x"), ("d", "x")]);
        check("if a; then cd b; c; fi; d", &[("a", "x"), ("c", "b/x"), ("d", "?")]);
        check("cd \"$A\"; b; cd c; d", &[("b", "?"), ("d", "?")]);
        check("cd ..; b", &[("b", "?")]);
        check("sh -c 'cd b; c'; d", &[("c", "b/x"), ("d", "x")]);
        check("A=$(cd b; c); d", &[("c", "b/x"), ("d", "x")]);
    }
}
