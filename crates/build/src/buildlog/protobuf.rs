//! The messages of a build record: `StatusResponse` of BuildKit's control API in protocol buffers, each after its
//! length in four bytes. Fields: api/services/control/control.proto of moby/buildkit.

use jiff::Timestamp;

use super::vertices::{StatusUpdate, VertexGroup, VertexUpdate, Vertices};

/// A field of a message.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes, which none of the messages has.
    Fixed,
}

/// Reads all messages; the answer is whether the end was reached without an error.
pub(super) fn read(mut bytes: &[u8], vertices: &mut Vertices) -> bool {
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((message, rest)) = rest.split_at_checked(length) else { return false };
        if response(message, vertices).is_none() {
            return false;
        }
        bytes = rest;
    }
    bytes.is_empty()
}

/// The next field's number and value, and what follows; `None` if it is malformed.
fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let key = varint(bytes)?;
    let value = match key & 7 {
        0 => Value::Number(varint(bytes)?),
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            Value::Bytes(take(bytes, length)?)
        }
        1 => take(bytes, 8).map(|_| Value::Fixed)?,
        5 => take(bytes, 4).map(|_| Value::Fixed)?,
        _ => return None,
    };
    Some((key >> 3, value))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (value, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(value)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A number as the signed one that was written.
fn signed(number: u64) -> i64 {
    i64::from_ne_bytes(number.to_ne_bytes())
}

fn response(mut bytes: &[u8], vertices: &mut Vertices) -> Option<()> {
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (1, Value::Bytes(message)) => vertices.vertex(vertex(message)?),
            (2, Value::Bytes(message)) => vertices.status(&status(message)?),
            (3, Value::Bytes(message)) => log(message, vertices)?,
            (4, Value::Bytes(message)) => warning(message, vertices)?,
            _ => {}
        }
    }
    Some(())
}

fn vertex(mut bytes: &[u8]) -> Option<VertexUpdate> {
    let mut update = VertexUpdate::default();
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (1, Value::Bytes(value)) => update.digest = text(value),
            (2, Value::Bytes(value)) => update.inputs.push(text(value)),
            (3, Value::Bytes(value)) => update.name = text(value),
            (4, Value::Number(value)) => update.cached = value != 0,
            (5, Value::Bytes(value)) => update.started = time(value)?,
            (6, Value::Bytes(value)) => update.completed = time(value)?,
            (7, Value::Bytes(value)) => update.error = text(value),
            (8, Value::Bytes(value)) => update.group = Some(group(value)?),
            _ => {}
        }
    }
    Some(update)
}

fn group(mut bytes: &[u8]) -> Option<VertexGroup> {
    let mut group = VertexGroup::default();
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (1, Value::Bytes(value)) => group.id = text(value),
            (2, Value::Bytes(value)) => group.name = text(value),
            (3, Value::Number(value)) => group.weak = value != 0,
            _ => {}
        }
    }
    Some(group)
}

fn status(mut bytes: &[u8]) -> Option<StatusUpdate> {
    let mut update = StatusUpdate::default();
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (1, Value::Bytes(value)) => update.id = text(value),
            (2, Value::Bytes(value)) => update.vertex = text(value),
            (4, Value::Number(value)) => update.current = signed(value),
            (5, Value::Number(value)) => update.total = signed(value),
            (6, Value::Bytes(value)) => update.timestamp = time(value)?,
            (7, Value::Bytes(value)) => update.started = time(value)?,
            (8, Value::Bytes(value)) => update.completed = time(value)?,
            _ => {}
        }
    }
    Some(update)
}

fn log(mut bytes: &[u8], vertices: &mut Vertices) -> Option<()> {
    let (mut digest, mut at, mut data) = (String::new(), None, &[][..]);
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (1, Value::Bytes(value)) => digest = text(value),
            (2, Value::Bytes(value)) => at = time(value)?,
            (4, Value::Bytes(value)) => data = value,
            _ => {}
        }
    }
    vertices.output(&digest, data, at);
    Some(())
}

fn warning(mut bytes: &[u8], vertices: &mut Vertices) -> Option<()> {
    let (mut digest, mut short) = (String::new(), &[][..]);
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (1, Value::Bytes(value)) => digest = text(value),
            (3, Value::Bytes(value)) => short = value,
            _ => {}
        }
    }
    vertices.warning(&digest, short);
    Some(())
}

/// `google.protobuf.Timestamp`. A time that no calendar has is as good as none.
#[allow(clippy::option_option, reason = "`None` is a message that cannot be read")]
fn time(mut bytes: &[u8]) -> Option<Option<Timestamp>> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (1, Value::Number(value)) => seconds = signed(value),
            (2, Value::Number(value)) => nanoseconds = i32::try_from(value).unwrap_or_default(),
            _ => {}
        }
    }
    Some(Timestamp::new(seconds, nanoseconds).ok())
}
