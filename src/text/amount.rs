//! Amounts as people read them: decimal units, as docker prints them.

/// Bytes with three digits: `512 B`, `18.4 MB`, `1.21 GB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    // Rounded in integers: 999,999 is 1 MB, not 1000 kB.
    let mut unit = 0;
    let mut scale = 1_000_u128;
    let bytes = u128::from(bytes);
    while bytes * 2 >= scale * 1_999 && unit + 1 < UNITS.len() {
        scale *= 1_000;
        unit += 1;
    }
    let hundredths = (bytes * 100 + scale / 2) / scale;
    let number = match hundredths {
        0..1_000 => short(hundredths, 100),
        1_000..10_000 => short((bytes * 10 + scale / 2) / scale, 10),
        _ => ((bytes + scale / 2) / scale).to_string(),
    };
    format!("{number} {}", UNITS[unit])
}

/// A decimal fraction without trailing zeros.
fn short(value: u128, of: u128) -> String {
    let (whole, rest) = (value / of, value % of);
    match rest {
        0 => whole.to_string(),
        _ if of == 10 => format!("{whole}.{rest}"),
        _ => format!("{whole}.{rest:02}").trim_end_matches('0').to_owned(),
    }
}
