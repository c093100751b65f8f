//! A terminal for the explorer: a pseudoterminal that the program runs on, and the screen that it draws. Nothing waits for
//! ever.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// A screen that does not come within this time does not come.
const PATIENCE: Duration = Duration::from_mins(1);

/// A frame is written at once: its parts are never this far apart.
const QUIET: Duration = Duration::from_millis(50);

pub(super) struct Terminal {
    child: Child,
    master: File,
    slave: OwnedFd,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
}

impl Terminal {
    /// Runs the program in a folder, on a terminal of so many rows and columns.
    pub(super) fn run(folder: &Path, arguments: &[&str], (rows, columns): (u16, u16)) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave: OwnedFd = fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap().into();
        tcsetwinsize(&slave, size(rows, columns)).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        // Away from the terminal that the tests run on: its size is not that of this one.
        let setsid = Path::new("/usr/bin/setsid");
        let mut command = Command::new(if setsid.exists() { setsid } else { Path::new("/usr/bin/env") });
        let child = command
            .arg(env!("CARGO_BIN_EXE_dockopt"))
            .current_dir(folder)
            .args(arguments)
            .env_clear()
            .env("TERM", "xterm-256color")
            .stdin(end())
            .stdout(end())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let master = File::from(master);
        let mut source = master.try_clone().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 8_192];
            while let Ok(read @ 1..) = source.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, master, slave, output, parser: vt100::Parser::new(rows, columns, 0) }
    }

    /// Types.
    pub(super) fn keys(&mut self, keys: &str) -> &mut Self {
        self.master.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Makes it another size; the program is told as by a terminal.
    pub(super) fn resize(&mut self, rows: u16, columns: u16) -> &mut Self {
        self.parser.screen_mut().set_size(rows, columns);
        tcsetwinsize(&self.slave, size(rows, columns)).unwrap();
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::WINCH).unwrap();
        self
    }

    /// What is seen by now.
    pub(super) fn screen(&self) -> String {
        let columns = self.parser.screen().size().1;
        self.parser.screen().rows(0, columns).map(|row| row.trim_end().to_owned() + "\n").collect()
    }

    pub(super) fn is_alternate(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// Whether the terminal hands on whole lines and shows what is typed.
    pub(super) fn is_cooked(&self) -> bool {
        use rustix::termios::LocalModes;
        tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// The screen with its colours, without anything that moves the cursor.
    pub(super) fn painted(&self) -> String {
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let mut text = String::new();
        for row in 0..rows {
            let mut before = String::new();
            for cell in (0..columns).filter_map(|column| screen.cell(row, column)) {
                let style = style(cell);
                if style != before {
                    text += &format!("\x1b[0{style}m");
                    before = style;
                }
                text += if cell.has_contents() { cell.contents() } else { " " };
            }
            text += "\x1b[0m\n";
        }
        text
    }

    /// Waits until a screen is as wanted, and whole: nothing more comes for a moment.
    #[track_caller]
    pub(super) fn until(&mut self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            let is_reached = self.is_alternate() && is(&screen);
            let wait = if is_reached { QUIET } else { end.saturating_duration_since(Instant::now()) };
            match self.output.recv_timeout(wait) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    // Terminals tell where the cursor is when they are asked.
                    for _ in bytes.windows(4).filter(|four| four == b"\x1b[6n") {
                        self.master.write_all(b"\x1b[1;1R").unwrap();
                    }
                }
                Err(_) if is_reached => return screen,
                Err(error) => panic!("no screen with {what}, {error}; the last one:\n{screen}"),
            }
        }
    }

    /// Waits until the screen has a text.
    #[track_caller]
    pub(super) fn shows(&mut self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// Waits for the end; the exit code.
    #[track_caller]
    pub(super) fn ends(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "the program does not end; the screen:\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        };
        // What is still on its way: the terminal itself stays open.
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.parser.process(&bytes);
        }
        status.code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// What SGR has to say to draw a cell.
fn style(cell: &vt100::Cell) -> String {
    let mut codes = String::new();
    for (is, code) in [(cell.bold(), ";1"), (cell.dim(), ";2"), (cell.underline(), ";4"), (cell.inverse(), ";7")] {
        codes += if is { code } else { "" };
    }
    for (ground, colour) in [(38, cell.fgcolor()), (48, cell.bgcolor())] {
        match colour {
            vt100::Color::Default => {}
            vt100::Color::Idx(index @ 0..8) => codes += &format!(";{}", ground - 8 + u16::from(index)),
            vt100::Color::Idx(index @ 8..16) => codes += &format!(";{}", ground + 52 + u16::from(index) - 8),
            vt100::Color::Idx(index) => codes += &format!(";{ground};5;{index}"),
            vt100::Color::Rgb(red, green, blue) => codes += &format!(";{ground};2;{red};{green};{blue}"),
        }
    }
    codes
}
