//! Splits a file of SQL into statements, because a connection pooler may give each message another session.

/// The contexts in which a semicolon does not end a statement.
fn quoted_length(rest: &str) -> Option<usize> {
    if rest.starts_with("--") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    let first = rest.chars().next()?;
    let quote = match first {
        // A doubled quote inside begins the next one.
        '\'' | '"' => first.to_string(),
        '$' => {
            let tag: String = rest[1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let is_tag = rest[1 + tag.len()..].starts_with('$') && !tag.starts_with(|c: char| c.is_ascii_digit());
            is_tag.then(|| format!("${tag}$"))?
        }
        _ => return None,
    };
    let content = &rest[quote.len()..];
    Some(content.find(&quote).map_or(rest.len(), |end| quote.len() + end + quote.len()))
}

/// The statements, without their semicolons. A part with only comments is not a statement.
pub fn statements(sql: &str) -> Vec<&str> {
    let (mut found, mut start, mut at, mut has_words) = (Vec::new(), 0, 0, false);
    while let Some(next) = sql[at..].chars().next() {
        if let Some(length) = quoted_length(&sql[at..]) {
            has_words |= !sql[at..].starts_with("--") && !sql[at..].starts_with("/*");
            at += length;
            continue;
        }
        if next == ';' {
            if has_words {
                found.push(sql[start..at].trim());
            }
            (start, has_words) = (at + 1, false);
        } else {
            has_words |= !next.is_whitespace();
        }
        at += next.len_utf8();
    }
    if has_words {
        found.push(sql[start..].trim());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_ends_a_statement_unless_it_is_quoted() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            (" ; ;-- nothing;\n/* ; */;", &[]),
            ("SELECT 1; SELECT 2", &["SELECT 1", "SELECT 2"]),
            ("SELECT ';'';' ; SELECT \";\"", &["SELECT ';'';'", "SELECT \";\""]),
            ("A $$ x; $y$ ; $$; B $b_1$ ; $$ ; $b_1$", &["A $$ x; $y$ ; $$", "B $b_1$ ; $$ ; $b_1$"]),
            ("SELECT $1; SELECT $2", &["SELECT $1", "SELECT $2"]),
            ("A -- it's; so\n; B /* don't; */ ;", &["A -- it's; so", "B /* don't; */"]),
            ("A '₹;' ;₹", &["A '₹;'", "₹"]),
            ("A 'open; ", &["A 'open;"]),
        ];
        for (sql, expected) in cases {
            assert_eq!(statements(sql), expected, "{sql}");
        }
    }
}
