//! `dockopt completions` and `dockopt man`: scripts and pages from the definition that the help is printed from.

use super::args::{Completions, Global, Man, command};
use super::exit::CLEAN;
use super::output::{CommandFailure, print_exact};
use super::{terminal, write};

/// The program's name, as it is typed.
const NAME: &str = "dockopt";

pub(super) fn completions(global: &Global, arguments: &Completions) -> Result<u8, CommandFailure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), NAME, &mut script);
    print_exact(global, script.as_ref())?;
    Ok(CLEAN)
}

pub(super) fn man(global: &Global, arguments: &Man) -> Result<u8, CommandFailure> {
    let pages = pages(&built(), NAME);
    if let Some(folder) = &arguments.to {
        std::fs::create_dir_all(folder).map_err(|error| CommandFailure::Because {
            what: format!("`{}` cannot be created: {error}", folder.display()),
            help: None,
        })?;
        for (name, command) in &pages {
            write::write(&folder.join(format!("{name}.1")), &page(name, command))?;
        }
        terminal::note(&format!(
            "wrote {} to `{}`",
            crate::report::count(pages.len() as u64, "page"),
            folder.display()
        ));
        return Ok(CLEAN);
    }
    let wanted =
        std::iter::once(NAME).chain(arguments.command.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
    let Some((name, command)) = pages.iter().find(|(name, _)| *name == wanted) else {
        return Err(CommandFailure::Because {
            what: format!("unknown command `{}`", arguments.command.join(" ")),
            help: Some("`dockopt help` lists all commands".to_owned()),
        });
    };
    print_exact(global, &page(name, command))?;
    Ok(CLEAN)
}

/// All commands, with the options that they share.
fn built() -> clap::Command {
    let mut command = command();
    command.build();
    command
}

/// The visible commands at and below one, by the names of their pages: `dockopt-image-diff`.
fn pages(command: &clap::Command, name: &str) -> Vec<(String, clap::Command)> {
    let mut all = vec![(name.to_owned(), command.clone())];
    let inner = command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help");
    for inner in inner {
        all.extend(pages(inner, &format!("{name}-{}", inner.get_name())));
    }
    all
}

fn page(name: &str, command: &clap::Command) -> Vec<u8> {
    let mut text = Vec::new();
    let command = command.clone().disable_help_subcommand(true);
    let version = env!("CARGO_PKG_VERSION");
    let man = clap_mangen::Man::new(command).title(name.to_uppercase()).source(format!("{NAME} {version}"));
    // To write to memory cannot fail.
    let _ = man.render(&mut text);
    ascii(&String::from_utf8_lossy(&text))
}

/// What is not ASCII as groff writes it: not every `man` knows the encoding of its pages.
fn ascii(text: &str) -> Vec<u8> {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            out.push_str(&format!("\\[u{:04X}]", u32::from(letter)));
        }
    }
    out.into_bytes()
}
