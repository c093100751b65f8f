//! See `rules/shell-syntax-in-copy.md`.

use crate::build::is_shell_syntax;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::rules::Context;

crate::rules::rule!("shell-syntax-in-copy", shell_syntax_in_copy);

fn shell_syntax_in_copy(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let all = build.all_effective_of(Keyword::Copy).chain(build.all_effective_of(Keyword::Add));
    for (_, index, instruction) in all {
        let Some(parts) = build.input().file.transfer(instruction) else { continue };
        let end = parts.destination.span;
        let first = parts.sources.iter().find(|source| is_shell_syntax(&source.text));
        let keyword = instruction.keyword.as_str();
        let Some(first) = first else {
            if is_shell_syntax(&parts.destination.text) {
                let text = &parts.destination.text;
                let message =
                    format!("{keyword} runs no shell: the files are copied to a path that is called `{text}`");
                out.push(cx.finding_at(index, end, message).help("write the path itself, or use a RUN"));
            }
            continue;
        };
        let span = first.span.to(end);
        let text = cx.source().slice(span);
        let text = text.lines().next().unwrap_or_default().trim_end_matches(['\\', ' ']);
        let message = format!(
            "{keyword} runs no shell: it takes `{text}` for names of files, which do not exist, and the build fails"
        );
        let help = match &*first.text {
            "#" => "write the comment on a line of its own",
            "&&" | ";" => "use an instruction for each: a RUN for what is a command",
            _ => "remove it; a source that may be missing is a pattern (`.npmr[c]`), which may match nothing",
        };
        out.push(cx.finding_at(index, span, message).help(help));
    }
}
