//! What a process says on standard output and standard error, in the frames in which engines send both.

use std::io::{self, Read};

/// What a process said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessOutput {
    /// On standard output.
    pub stdout: Vec<u8>,
    /// On standard error.
    pub stderr: Vec<u8>,
    /// Whether more was said than is kept: the beginning.
    pub cut: bool,
}

impl ProcessOutput {
    /// Both as one text for people, standard error last.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.stdout).into_owned();
        if !text.is_empty() && !text.ends_with('\n') && !self.stderr.is_empty() {
            text.push('\n');
        }
        text.push_str(&String::from_utf8_lossy(&self.stderr));
        text
    }

    /// Hears to the end, and keeps so many bytes of each at most.
    ///
    /// # Errors
    /// When reading fails; what was heard before is kept.
    pub(super) fn hear(&mut self, mut from: impl Read, limit: usize) -> io::Result<()> {
        let mut head = [0; 8];
        let mut buffer = vec![0; 16 << 10];
        while read_head(&mut from, &mut head)? {
            let stream = if head[0] == 2 { &mut self.stderr } else { &mut self.stdout };
            let mut remaining = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
            while remaining > 0 {
                let most = remaining.min(buffer.len());
                let count = from.read(&mut buffer[..most])?;
                if count == 0 {
                    return Ok(());
                }
                remaining -= count;
                let room = count.min(limit.saturating_sub(stream.len()));
                stream.extend(&buffer[..room]);
                self.cut |= room < count;
            }
        }
        Ok(())
    }
}

/// Whether there was another head; one that breaks off is the end.
fn read_head(from: &mut impl Read, head: &mut [u8; 8]) -> io::Result<bool> {
    let mut have = 0;
    while have < head.len() {
        match from.read(&mut head[have..]) {
            Ok(0) => return Ok(false),
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(bytes: &[u8], limit: usize) -> ProcessOutput {
        let mut spoken = ProcessOutput::default();
        spoken.hear(bytes, limit).unwrap();
        spoken
    }

    #[test]
    fn frames_are_distinguished_and_bounded() {
        let bytes = b"\x01\0\0\0\0\0\0\x03out\x02\0\0\0\0\0\0\x03err\x01\0\0\0\0\0\0\x01!";
        let all = heard(bytes, 100);
        assert_eq!((all.stdout.as_slice(), all.stderr.as_slice(), all.cut), (&b"out!"[..], &b"err"[..], false));
        assert_eq!(all.text(), "out!\nerr");
        let some = heard(bytes, 2);
        assert_eq!((some.stdout.as_slice(), some.stderr.as_slice(), some.cut), (&b"ou"[..], &b"er"[..], true));
        // A length that is a lie takes no memory.
        assert_eq!(heard(b"\x01\0\0\0\xff\xff\xff\xffabc", 100).stdout, b"abc");
        assert_eq!(heard(b"\x01\0\0", 100), ProcessOutput::default());
    }
}
