//! `dockopt image --explore`, driven as by somebody who types.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::command::{DOCKERFILE, archive, layers};
use super::terminal::Terminal;
use super::zoo::codec::Codec;
use super::zoo::layout::{Picture, engine25};
use super::zoo::tar::{dir, file};
use crate::dockopt::Dockopt;

const RUN: [&str; 5] = ["image", "app.tar", "--file", "Dockerfile", "--explore"];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.tar"), archive()).unwrap();
    fs::write(folder.path().join("Dockerfile"), DOCKERFILE).unwrap();
    folder
}

fn explore(folder: &Path) -> Terminal {
    let mut terminal = Terminal::run(folder, &RUN, (32, 120));
    terminal.shows("Changes of layer");
    terminal
}

/// The line of the screen that has a text.
#[track_caller]
fn line<'a>(screen: &'a str, text: &str) -> &'a str {
    screen.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text:?} in\n{screen}"))
}

#[test]
fn layers_and_their_files_are_seen() {
    let folder = folder();
    let mut terminal = explore(folder.path());
    let screen = terminal.shows("install.log");
    assert!(line(&screen, "pip install numpy").contains(" 900 kB  4 "), "{screen}");
    assert!(line(&screen, "stage stage-0").contains("Dockerfile:4"), "{screen}");
    assert!(line(&screen, "COPY app").contains("1.2 MB"), "{screen}");
    assert!(line(&screen, "wheel").contains("AD"), "{screen}");
    assert!(line(&screen, "numpy.so").contains("500 kB"), "{screen}");
    assert!(!screen.contains("c4nary"), "{screen}");
    // The next layer takes the cache away.
    let screen = terminal.keys("\x1b[B").shows("Changes of layer 4");
    assert!(line(&screen, "wheel").contains("R "), "{screen}");
    assert!(line(&screen, "main").contains("C "), "{screen}");
    // A filter leaves what was changed.
    let screen = terminal.keys("c").shows("showing files that are changed");
    assert!(screen.contains("main") && !screen.contains("wheel"), "{screen}");
    terminal.keys("c").shows("showing all files");
    // The final tree has a layer beside each file.
    let screen = terminal
        .keys("tte")
        .until("the final tree", |screen| screen.contains("Final tree") && screen.contains("libc.so"));
    assert!(line(&screen, "libc.so").contains("#1"), "{screen}");
    assert!(!screen.contains("wheel"), "{screen}");
    terminal.keys("q");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn a_search_goes_from_match_to_match() {
    let folder = folder();
    let mut terminal = explore(folder.path());
    terminal.keys("tt/").shows("search:");
    terminal.keys("APP\r").shows("match 1 of 1");
    terminal.keys("/.so").shows("search: .so");
    let screen = terminal.keys("\r").shows("match 1 of 2");
    assert!(screen.contains("/usr/lib/libc.so"), "{screen}");
    let screen = terminal.keys("n").shows("match 2 of 2");
    assert!(screen.contains("/usr/lib/numpy.so"), "{screen}");
    terminal.keys("n").shows("match 1 of 2");
    terminal.keys("N").shows("match 2 of 2");
    terminal.keys("/nowhere\r").shows("not found in this view");
    terminal.keys("\x03");
    assert_eq!(terminal.ends(), Some(0));
    assert!(!terminal.is_alternate() && terminal.is_cooked());
}

#[test]
fn waste_leads_to_the_file_and_a_file_is_extracted() {
    let folder = folder();
    let mut terminal = explore(folder.path());
    assert!(!terminal.is_cooked());
    terminal.keys("w");
    let screen =
        terminal.until("the waste", |screen| screen.contains("deleted or overwritten") && screen.contains("wheel"));
    assert!(line(&screen, "wheel").contains("900 kB") && line(&screen, "wheel").contains("line 4"), "{screen}");
    let screen = terminal.keys("\r").until("the file", |screen| screen.contains("deleted by line 5"));
    assert!(screen.contains("Changes of layer 3") && screen.contains("/root/.cache/pip/wheel"), "{screen}");
    // What a later layer deleted is still there.
    terminal.keys("x").shows("extract to this folder as: wheel");
    terminal.keys("\r").shows("900 kB written");
    let wheel = layers()[2].iter().find(|member| member.path.ends_with(b"wheel")).unwrap().body.clone();
    assert_eq!(fs::read(folder.path().join("wheel")).unwrap(), wheel);
    // Never over another file, never elsewhere.
    terminal.keys("x\r").shows("already exists");
    terminal.keys("x").shows("as: wheel");
    terminal.keys("/../y\r").shows("must not contain `/`");
    // An Escape is known as one when nothing follows it.
    terminal.keys("\x1b").shows("? help");
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["Dockerfile", "app.tar", "wheel"]);
    terminal.keys("q");
    assert_eq!(terminal.ends(), Some(0));
    assert!(!terminal.is_alternate() && terminal.is_cooked());
}

#[test]
fn small_screens_and_hostile_names_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = b"a\x1b[2J\xc2\x9bm\xe2\x80\xae\xffz".to_vec();
    let deep = "d/".repeat(60) + "deep";
    let mut layers = layers();
    layers.push(vec![dir("etc"), file(hostile.clone(), b"hostile".to_vec()), file(deep, b"deep".to_vec())]);
    let archive = engine25(&[Picture::of("app", &layers, Codec::Gzip)]).tar();
    fs::write(folder.path().join("app.tar"), archive).unwrap();
    let mut terminal = Terminal::run(folder.path(), &["image", "app.tar", "--explore"], (10, 40));
    terminal.shows("size");
    for keys in [
        "?", " ", "w", "w", "G", "\t", "e", "G", "t", "n", "/x\r", "\x1b[5~", "\x1b[6~", "p", "G", "p", "fe\r", "0",
        "v", "s", "?", " ",
    ] {
        terminal.keys(keys);
    }
    terminal.resize(40, 150).shows("layers/tree");
    terminal.keys("?").shows("Ctrl-C");
    // Nothing can be waited for on screens that have no room for a text; the key after them is taken in its turn.
    terminal.resize(2, 10);
    terminal.resize(1, 1);
    terminal.resize(30, 120).shows("Navigation");
    terminal.keys(" ").shows("layers/tree");
    terminal.keys("tg").shows("Final tree");
    let screen = terminal.keys("/z\r").shows("\\xffz");
    assert!(line(&screen, "\\xffz").contains("a␛[2J"), "{screen}");
    terminal.keys("x").shows("as: a_[2J_m__z");
    terminal.keys("\r").shows("7 B written");
    assert_eq!(fs::read(folder.path().join("a_[2J_m__z")).unwrap(), b"hostile");
    terminal.keys("q");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn a_tree_as_of_a_layer_is_filtered_while_typing() {
    let folder = folder();
    let mut terminal = explore(folder.path());
    let screen = terminal.keys("t").shows("Tree as of layer 3");
    // The base's file is there, and what a later layer deletes.
    let screen = if screen.contains("libc.so") { screen } else { terminal.keys("e").shows("libc.so") };
    assert!(line(&screen, "libc.so").contains("#1"), "{screen}");
    assert!(line(&screen, "wheel").contains("AD"), "{screen}");
    let screen = terminal.keys("d").shows("deleted by a later layer");
    assert!(screen.contains("wheel") && !screen.contains("libc.so"), "{screen}");
    terminal.keys("0").until("all files", |screen| screen.contains("libc.so"));
    terminal.keys("f").shows("filter (Ctrl-R: regular expression):");
    let screen = terminal.keys(".S").until("the filter", |screen| !screen.contains("wheel"));
    assert!(screen.contains("libc.so") && screen.contains("numpy.so"), "{screen}");
    terminal.keys("\x12").shows("filter by regular expression");
    let screen = terminal.keys("O$\r").shows("matching .SO$");
    assert!(screen.contains("numpy.so") && !screen.contains("wheel"), "{screen}");
    // An Escape clears it, the next one would quit.
    let screen = terminal.keys("\x1b").shows("showing all paths");
    assert!(screen.contains("wheel"), "{screen}");
    terminal.keys("q");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn the_layers_of_a_path_and_its_contents_are_seen() {
    let folder = folder();
    let mut terminal = explore(folder.path());
    terminal.keys("/wheel\r").shows("match 1 of 1");
    let screen = terminal.keys("p").shows("2 layers touch it");
    assert!(line(&screen, "#3").contains("added") && line(&screen, "#3").contains("Dockerfile:4"), "{screen}");
    assert!(line(&screen, "#4").contains("deleted") && line(&screen, "#4").contains("Dockerfile:5"), "{screen}");
    let screen = terminal.keys("\x1b[B\r").shows("Changes of layer 4");
    assert!(line(&screen, "wheel").contains("R "), "{screen}");
    // What was deleted can be viewed still.
    let screen = terminal.keys("v").shows("rows 1 to ");
    assert!(screen.contains("/root/.cache/pip/wheel") && screen.contains("900 kB"), "{screen}");
    let is_hex = screen.contains("hexadecimal");
    terminal.keys("x").shows(if is_hex { "text" } else { "hexadecimal" });
    terminal.keys("G").keys("q");
    assert_eq!(terminal.ends(), Some(0));
    assert!(!terminal.is_alternate() && terminal.is_cooked());
}

#[test]
fn a_file_of_many_bytes_is_cut_and_a_text_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let text = "#!/bin/sh\n\techo \x1b[2J hostile\n".to_owned() + &"line\n".repeat(100);
    let mut layers = layers();
    layers.push(vec![
        dir("etc"),
        file("script", text.into_bytes()),
        file("large", "wide line\n".repeat(150_000).into_bytes()),
    ]);
    let archive = engine25(&[Picture::of("app", &layers, Codec::Gzip)]).tar();
    fs::write(folder.path().join("app.tar"), archive).unwrap();
    let mut terminal = Terminal::run(folder.path(), &["image", "app.tar", "--explore"], (12, 100));
    terminal.shows("Changes of layer");
    terminal.keys("tt/script\r").shows("match 1 of 1");
    let screen = terminal.keys("\r").shows("rows 1 to 9 of 102");
    assert!(line(&screen, "echo").contains("    echo ␛[2J hostile"), "{screen}");
    terminal.keys("\x1b[6~").shows("rows 9 to 17 of 102");
    terminal.keys("\x1b").shows("layers/tree");
    terminal.keys("/large\r").shows("match 1 of 1");
    terminal.keys("v").shows("1.5 MB · text · rows 1 to 9 of 100000 · only the first 1 MB is shown");
    terminal.keys("q");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn explore_needs_a_terminal() {
    let run = |more: &[&str]| {
        let ran = Dockopt::new().file("app.tar", archive()).args(["image", "app.tar", "--explore"]);
        ran.args(more.iter().copied()).run().code(2)
    };
    let ran = run(&[]);
    assert!(ran.stderr.contains("`--explore` needs a terminal") && ran.stdout.is_empty(), "{}", ran.stderr);
    for more in [["--format", "json"], ["--output", "x"]] {
        let ran = run(&more);
        assert!(ran.stderr.contains("cannot be combined with `--format` or `--output`"), "{}", ran.stderr);
    }
}

#[test]
fn the_picture_is_what_exploring_looks_like() {
    let folder = folder();
    let mut terminal = Terminal::run(folder.path(), &RUN, (22, 118));
    terminal.shows("install.log");
    terminal.keys("\t\x1b[B\x1b[B\x1b[B").shows("deleted by line 5");
    let mut svg = anstyle_svg::Term::new().render_svg(&terminal.painted());
    svg.push('\n');
    crate::readme::agrees("docs/explore.svg", &svg);
}

/// What ends a terminal.
enum End {
    HangUp,
    Signal(rustix::process::Signal),
}

/// Runs the explorer on a terminal that ends while the screen that some keys lead to is shown; returns how long the
/// explorer goes on, or `None` if it does.
fn time_after(end: &End, (keys, text): (&str, &str)) -> Option<Duration> {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let folder = folder();
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let size = rustix::termios::Winsize { ws_row: 32, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&slave, size).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.args(RUN).current_dir(folder.path()).env("TERM", "xterm");
    command.stdin(slave.try_clone().unwrap()).stdout(slave).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut master = fs::File::from(master);
    let mut screen = Vec::new();
    let mut keys = Some(keys);
    loop {
        let seen = String::from_utf8_lossy(&screen);
        if keys.is_none() && seen.contains(text) {
            break;
        }
        if seen.contains("Changes of layer")
            && let Some(keys) = keys.take()
        {
            screen.clear();
            master.write_all(keys.as_bytes()).unwrap();
            if text.is_empty() {
                break;
            }
        }
        let mut buffer = [0; 4_096];
        let length = master.read(&mut buffer).unwrap();
        screen.extend_from_slice(&buffer[..length]);
        // Terminals tell where the cursor is when they are asked.
        for _ in buffer[..length].windows(4).filter(|bytes| bytes == b"\x1b[6n") {
            master.write_all(b"\x1b[1;1R").unwrap();
        }
    }
    let start = Instant::now();
    let open = match end {
        End::HangUp => {
            drop(master);
            None
        }
        End::Signal(signal) => {
            rustix::process::kill_process(rustix::process::Pid::from_child(&child), *signal).unwrap();
            Some(master)
        }
    };
    while start.elapsed() < Duration::from_secs(30) {
        if child.try_wait().unwrap().is_some() {
            drop(open);
            return Some(start.elapsed());
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

#[test]
fn the_explorer_ends_with_its_terminal() {
    use rustix::process::Signal;
    // Words that are drawn at once: only cells that change are sent.
    let views = [
        ("", ""),
        ("?", "Navigation"),
        ("w", "Wasted"),
        ("t", "Tree"),
        ("f", "regular"),
        ("/", "search:"),
        ("\tp", "Enter"),
        ("/wheel\rv", "rows"),
        ("/wheel\rx", "extract"),
    ];
    for (number, view) in views.into_iter().enumerate() {
        let signals = [Signal::HUP, Signal::INT, Signal::TERM];
        let ends = if number == 0 {
            signals.map(End::Signal).into_iter().chain([End::HangUp]).collect()
        } else {
            vec![End::HangUp, End::Signal(signals[number % 3])]
        };
        for end in ends {
            let time = time_after(&end, view).unwrap_or_else(|| panic!("the explorer goes on in the view {view:?}"));
            assert!(time < Duration::from_secs(10), "{time:?} {view:?}");
        }
    }
}
