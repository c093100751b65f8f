//! The hook that says whether a worker of `TaskIQ`, which has no check of its own, is ready.

/// The hook.
pub(super) const HOOK: &str = include_str!("../../../data/hooks/taskiq_ready.py");

/// The variable by which it finds the broker of the program.
pub(in crate::emit) const BROKER: &str = "TASKIQ_BROKER";

/// The words of a command with the hook's broker, and the broker that it had.
pub(in crate::emit) fn through_hook(texts: &[String]) -> Option<(Vec<String>, String)> {
    let mut words: Vec<String> = match texts {
        [text] if !text.contains(['"', '\'', '&', ';', '|', '>', '<']) => {
            text.split_whitespace().map(str::to_owned).collect()
        }
        texts => texts.to_vec(),
    };
    let starts = words
        .iter()
        .position(|word| word == "taskiq")
        .filter(|at| words.get(at + 1).is_some_and(|word| word == "worker"))?;
    let at = starts + 2 + words[starts + 2..].iter().position(|word| !word.starts_with('-') && word.contains(':'))?;
    let broker = std::mem::replace(&mut words[at], "taskiq_ready:broker".to_owned());
    Some((words, broker))
}

#[cfg(test)]
mod tests {
    use super::through_hook;

    #[test]
    fn the_broker_of_a_command_gives_way() {
        let of = |texts: &[&str]| through_hook(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let (words, broker) = of(&["uv run taskiq worker --workers 2 app.tkq:broker app.tasks"]).unwrap();
        assert_eq!(words.join(" "), "uv run taskiq worker --workers 2 taskiq_ready:broker app.tasks");
        assert_eq!(broker, "app.tkq:broker");
        for texts in [
            &["celery -A app worker"][..],
            &["taskiq", "scheduler", "a:b"],
            &["taskiq worker a"],
            &["a && taskiq worker a:b"],
        ] {
            assert_eq!(of(texts), None, "{texts:?}");
        }
    }
}
