//! Command lines that start workers (`data/worker_programs.tsv`), told apart from those that start what plans their tasks.

use crate::data;
use crate::text::path;

/// Whether a command line, or a line of a script, starts a worker: `celery -A shop worker`, and not `celery -A worker beat`.
pub(super) fn starts_worker(text: &str) -> bool {
    let text = text.replace("\\\n", " ");
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.any(|line| data::WORKER_PROGRAMS.rows().any(|row| starts(line, row)))
}

fn starts(line: &str, row: data::Row) -> bool {
    // What stands before the program runs it: `bundle exec`.
    let wanted = row[3].split(' ').skip_while(|word| !word.starts_with(row[1]));
    let mut wanted = wanted.filter(|word| !word.contains('{') && !word.starts_with('-')).take(2).peekable();
    let mut is_value = false;
    for word in line.split(|c: char| c.is_whitespace() || "\"'[],;&|()".contains(c)).filter(|word| !word.is_empty()) {
        // What follows an option may be its value.
        let is_argument = !is_value && !word.starts_with('-');
        is_value = word.starts_with('-') && !word.contains('=') && wanted.peek() != Some(&row[1]) && word != "-m";
        let name = path::name(word);
        if is_argument && wanted.peek() == Some(&name) {
            wanted.next();
            if wanted.peek().is_none() {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::starts_worker;

    #[test]
    fn workers_are_told_from_what_plans_their_tasks() {
        for line in [
            "celery -A shop worker --loglevel=info",
            "[\"celery\", \"--app\", \"shop\", \"worker\"]",
            "#!/bin/sh\nset -e\nexec /venv/bin/celery \\\n  -A worker worker",
            "python -m celery -A shop worker",
            "uv run arq app.tasks.WorkerSettings",
            "bundle exec sidekiq -C config/sidekiq.yml",
            "taskiq worker shop.tasks:broker",
        ] {
            assert!(starts_worker(line), "{line}");
        }
        for line in [
            "celery -A worker beat",
            "celery --app=worker beat -l info",
            "# celery -A shop worker\ncelery -A shop beat",
            "taskiq scheduler shop.tasks:scheduler",
            "bundle exec puma -C config/puma.rb",
            "celery -A shop flower",
            "[\"python\", \"worker.py\"]",
        ] {
            assert!(!starts_worker(line), "{line}");
        }
    }
}
