//! `dockopt image --explore`: layers, tree, files and waste of images on a terminal. The state is a value ([`state`]), keys change
//! it ([`keys`]), [`draw`] shows it; this file owns the terminal.

mod draw;
mod filter;
mod keys;
mod listing;
mod outline;
mod save;
mod state;
#[cfg(test)]
mod tests;
mod viewer;
mod waste;

use std::io::{self, IsTerminal, Stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{Event, poll, read};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

use super::exit::FAILED;
use super::output::CommandFailure;
use crate::analysis::ImageAnalysis;
use crate::image::EntryId;
use crate::image::Error;
use crate::image::ExtractTarget;
use crate::image::PathId;
use crate::report::bytes;
use state::{Effect, Explorer, Mode};
use viewer::{FileStart, FileView};

/// How often is looked whether the program is to end.
const BEAT: Duration = Duration::from_millis(200);

/// Time in which the loop ends once it is asked to. Reading keys never returns after the terminal hung up.
const GRACE: Duration = Duration::from_millis(500);

/// Reads a file of an image again: the image's number, the file, where it goes.
pub(super) type Extract<'a> = dyn Fn(usize, EntryId, &mut dyn ExtractTarget) -> Result<u64, Error> + 'a;

/// Whether there is a terminal to explore on.
pub(super) fn check() -> Result<(), CommandFailure> {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(());
    }
    Err(CommandFailure::Because {
        what: "`--explore` needs a terminal, but standard input or standard output is not a terminal".to_owned(),
        help: Some("omit it, or save the image to a file first (`docker save -o`)".to_owned()),
    })
}

/// Shows images until the user has seen enough.
pub(super) fn run(images: &[ImageAnalysis], colour: bool, extract: &Extract<'_>) -> Result<(), CommandFailure> {
    crate::cli::progress::pause();
    let Some(mut explorer) = Explorer::new(images, colour) else { return Ok(()) };
    let failed =
        |error: io::Error| CommandFailure::Because { what: format!("the terminal failed: {error}"), help: None };
    let ended = signals();
    end_with_terminal(&ended);
    let screen = Screen::enter().map_err(failed)?;
    let result = show(&mut explorer, extract, &ended);
    drop(screen);
    result.map_err(failed)
}

/// The alternate screen; left however the program goes on.
struct Screen;

impl Screen {
    fn enter() -> io::Result<Self> {
        // A panic's message is to be read: the screen is left before it.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            leave();
            before(info);
        }));
        let screen = Self;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn leave() {
    // Nobody can be told that the terminal is gone.
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// Set by a signal that ends the program.
fn signals() -> Arc<AtomicBool> {
    let ended = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP, signal_hook::consts::SIGINT] {
        // Where it can't be caught, it ends the program as ever.
        let _ = signal_hook::flag::register(signal, Arc::clone(&ended));
    }
    ended
}

/// Watches the terminal, which may hang up without a signal, and ends the program if the loop does not.
#[allow(clippy::exit, reason = "the loop may be in a call that never returns")]
fn end_with_terminal(ended: &Arc<AtomicBool>) {
    let ended = Arc::clone(ended);
    // Where no thread starts, signals end the loop as long as the terminal is there.
    let _ = std::thread::Builder::new().spawn(move || {
        while !ended.load(Ordering::Relaxed) && !has_hung_up() {
            std::thread::sleep(BEAT);
        }
        ended.store(true, Ordering::Relaxed);
        std::thread::sleep(GRACE);
        leave();
        std::process::exit(FAILED.into());
    });
}

/// Whether nothing will ever be typed again.
#[cfg(unix)]
fn has_hung_up() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    let mut stdin = [PollFd::new(&stdin, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut stdin, Some(&now)).is_ok_and(|ready| ready > 0)
        && stdin[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}

#[cfg(not(unix))]
fn has_hung_up() -> bool {
    false
}

fn show(explorer: &mut Explorer<'_>, extract: &Extract<'_>, ended: &AtomicBool) -> io::Result<()> {
    let mut terminal: Terminal<CrosstermBackend<Stdout>> = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    while !ended.load(Ordering::Relaxed) {
        terminal.draw(|frame| draw::draw(explorer, frame))?;
        // What is typed faster than it is drawn is taken at once.
        let mut waits = true;
        while waits && !ended.load(Ordering::Relaxed) {
            if !poll(BEAT)? {
                continue;
            }
            while poll(Duration::ZERO)? {
                waits = false;
                if let Event::Key(key) = read()? {
                    match keys::press(explorer, key) {
                        Effect::None => {}
                        Effect::Quit => return Ok(()),
                        Effect::View { image, file, path } => {
                            explorer.set_status("reading the layer…");
                            terminal.draw(|frame| draw::draw(explorer, frame))?;
                            view(explorer, extract, (image, file), path);
                        }
                        Effect::Extract { image, file, name } => save(explorer, extract, (image, file), &name),
                    }
                }
            }
        }
    }
    Ok(())
}

/// Shows the start of a file. The whole file is read, so that it is known to be the one that was read at first.
fn view(explorer: &mut Explorer<'_>, extract: &Extract<'_>, (image, file): (usize, EntryId), path: PathId) {
    let mut start = FileStart::default();
    match extract(image, file, &mut start) {
        Ok(size) => {
            explorer.set_status("");
            explorer.view = FileView::new(path, start, size);
            explorer.mode = Mode::View;
        }
        Err(error) => {
            let help = error.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            explorer.complain(format!("{error}{help}"));
        }
    }
}

fn save(explorer: &mut Explorer<'_>, extract: &Extract<'_>, (image, file): (usize, EntryId), name: &str) {
    let folder = std::path::Path::new(".");
    match save::write(folder, name, |target| extract(image, file, target)) {
        Ok(size) => explorer.set_status(format!("`{name}`: {} written", bytes(size))),
        Err(why) => explorer.complain(why),
    }
}
