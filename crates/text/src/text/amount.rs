//! Amounts as people read them: decimal units, as docker prints them.

/// The units in which people give sizes, with their bytes: decimal ones, as docker prints them, and binary ones.
pub const SIZE_UNITS: [(&str, u64); 8] = [
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

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

/// A limit exactly, in the unit that writes it shortest, as the user may have given it: `1 MB`, `1.5 GiB`, `1025 bytes`.
pub fn exact_bytes(bytes: u64) -> String {
    let in_units = SIZE_UNITS.iter().filter_map(|&(name, unit)| {
        let tenths = u128::from(bytes) * 10;
        (bytes >= unit && tenths.is_multiple_of(u128::from(unit))).then(|| (short(tenths / u128::from(unit), 10), name))
    });
    match in_units.min_by_key(|(number, _)| number.len()) {
        Some((number, name)) => format!("{number} {name}"),
        None => format!("{bytes} bytes"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_as_they_are_given() {
        let all = [
            (0, "0 bytes"),
            (16, "16 bytes"),
            (1_025, "1025 bytes"),
            (4_096, "4 KiB"),
            (500_000, "500 kB"),
            (1_000_000, "1 MB"),
            (1 << 20, "1 MiB"),
            (1_234_567, "1234567 bytes"),
            (2_000_000_000, "2 GB"),
            (1_610_612_736, "1.5 GiB"),
            (64 << 30, "64 GiB"),
            (u64::MAX, "18446744073709551615 bytes"),
        ];
        for (bytes, expected) in all {
            assert_eq!(exact_bytes(bytes), expected, "{bytes}");
        }
    }
}
