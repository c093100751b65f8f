//! The first line of a file that `ci emit` or `fleet emit` wrote, which tells whether somebody changed it.

/// How the first line of a file starts that `ci emit` wrote.
const HEADER: &str = "# Written by `dockopt ci emit`, which writes it again as long as nobody changes it: ";
/// The same of `fleet emit`.
const FLEET_HEADER: &str = "# Written by `dockopt fleet emit`, which writes it again as long as nobody changes it: ";

/// A text behind its first line.
pub(super) fn with_header(text: &str) -> String {
    signed(HEADER, text)
}

/// A text of `fleet emit` behind its first line.
pub(crate) fn with_fleet_header(text: &str) -> String {
    signed(FLEET_HEADER, text)
}

fn signed(header: &str, text: &str) -> String {
    format!("{header}{:016x}\n{text}", checksum(text))
}

/// Notes as comments of YAML, in lines that can be read.
pub(super) fn comments(notes: &[String]) -> String {
    let mut text = String::new();
    for note in notes {
        let mut line = "# -".to_owned();
        for word in note.split_whitespace() {
            if line.len() + word.len() >= COLUMNS {
                text += &(std::mem::replace(&mut line, "#  ".to_owned()) + "\n");
            }
            line.push(' ');
            line.push_str(word);
        }
        text += &(line + "\n");
    }
    text
}

/// The columns of a comment.
const COLUMNS: usize = 120;

/// A text without that line; the whole of one that has none.
pub(super) fn without_header(text: &str) -> &str {
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with(HEADER) => rest,
        _ => text,
    }
}

/// Whether `ci emit` wrote a text, which somebody may have changed since.
pub fn is_of_ci_emit(text: &str) -> bool {
    text.starts_with(HEADER)
}

/// Whether a text is as `ci emit` wrote it.
pub fn is_own_file(text: &str) -> bool {
    is_signed(HEADER, text)
}

/// Whether a text is as `fleet emit` wrote it.
pub(crate) fn is_unchanged_fleet_file(text: &str) -> bool {
    is_signed(FLEET_HEADER, text)
}

fn is_signed(header: &str, text: &str) -> bool {
    let Some((first, rest)) = text.split_once('\n') else { return false };
    first.strip_prefix(header).is_some_and(|known| known.trim() == format!("{:016x}", checksum(rest)))
}

/// FNV-1a, 64 bits: whether somebody changed a file shows, and nothing rests on its being hard to forge.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
