//! Hostile values for any place in a request.

/// As the bytes of a query, a path segment or a header.
pub fn texts() -> Vec<Vec<u8>> {
    let words = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{feff}",
        "\u{202e}abc",
        "\u{200b}",
        "Z\u{351}\u{33e}\u{317}",
        "İ",
        "ẞ",
        "ﬀ",
        "١٢",
        "１",
        "-1",
        "-0",
        "+1",
        "01",
        "0x10",
        "1e400",
        "1e5",
        "1.0",
        "1_0",
        "NaN",
        "Infinity",
        "null",
        "true",
        "[]",
        "{}",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551616",
        "4294967296",
        "' OR '1'='1",
        "'; DROP TABLE payouts; --",
        "\" OR 1=1 --",
        "') UNION SELECT hash FROM api_keys --",
        "1; SELECT 1",
        "%",
        "_",
        "\\",
        "\\'",
        "%00",
        "%25",
        "%2e%2e%2f",
        "..",
        "../../../etc/passwd",
        "/",
        "//",
        "?",
        "#",
        "a&b=c",
        ";",
        "<script>alert(1)</script>",
        "${jndi:ldap://127.0.0.1/x}",
        "{{7*7}}",
        "$(id)",
        "`id`",
        "=1+1",
        "%s%n",
        "\t",
        "\u{7f}",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "0198-",
        "urn:uuid:x",
        "1970-01-01",
        "9999-12-31",
        "10000-01-01",
        "-009999-01-01",
        "2026-02-30",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00+99:99",
        "pending ",
        "PENDING",
        "in_doubt,failed",
        "full\0",
    ];
    let cursor = |time: &str, number: &str| {
        let id = "ffffffff-ffff-ffff-ffff-ffffffffffff".replace('-', "");
        format!("{time}.{id}.{number}.{id}")
    };
    let cursors = [
        cursor("0", "0"),
        cursor("9223372036854775807", "9223372036854775807"),
        cursor("-9223372036854775808", "-9223372036854775808"),
        cursor("253402207200000000", "9223372036854775807"),
        cursor("-377705023201000000", "-9223372036854775808"),
        cursor("1e3", "1"),
    ];
    let long = ["a".repeat(5_000), "9".repeat(400), "😀".repeat(256), "\u{301}".repeat(300), "%".repeat(300)];
    let all = words.into_iter().map(str::to_owned).chain(cursors).chain(long).map(String::into_bytes);
    // Not UTF-8: invalid bytes, an overlong slash, half a surrogate pair.
    all.chain([vec![0xff, 0xfe], vec![0xc0, 0xaf], vec![0xed, 0xa0, 0x80], vec![b'a', 0x80]]).collect()
}

/// Percent-encodes every byte but letters, digits, `-` and `_`.
pub fn encoded(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
    bytes.iter().map(|byte| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// As JSON, valid or not.
pub fn jsons() -> Vec<String> {
    let raw = [
        "null",
        "true",
        "0",
        "-0",
        "-1",
        "1.5",
        "1e400",
        "-1e400",
        "1e-400",
        "0.1",
        "1E+2",
        "NaN",
        "Infinity",
        "01",
        "0x1",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1e308",
        "99999999999999999999999999",
        "[]",
        "{}",
        "[1]",
        "{\"a\":1}",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\uZZZZ\"",
        "\"\\x41\"",
        "'x'",
        "\"unfinished",
        "undefined",
        "\"\\ud83d\\ude00\"",
        "\u{feff}1",
        "/* x */ 1",
        "[1,]",
        "",
    ];
    let texts = texts().into_iter().filter_map(|bytes| String::from_utf8(bytes).ok());
    let texts = texts.map(|text| serde_json::Value::String(text).to_string());
    let deep = ["[".repeat(10_000), format!("{}1{}", "[".repeat(200), "]".repeat(200)), "{\"a\":".repeat(5_000)];
    raw.into_iter().map(str::to_owned).chain(texts).chain(deep).collect()
}
