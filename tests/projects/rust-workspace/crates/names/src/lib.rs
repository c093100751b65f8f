//! Names of a team.

/// The name with its number.
pub fn numbered(number: u32) -> String {
    format!("{} {}", include_str!("../names.txt").trim(), itoa::Buffer::new().format(number))
}
