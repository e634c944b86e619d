//! Parses `sqlite:` addresses.

use std::path::PathBuf;

use crate::error::{Result, StoreError};

/// `sqlite:///path`, `sqlite://relative.db` or `sqlite:relative.db`, percent-encoded if necessary.
pub fn file_of(url: &str) -> Result<PathBuf> {
    let refused = |why: String| StoreError::Address(format!("DATABASE_URL cannot be used: {why}"));
    let path = url.strip_prefix("sqlite:").ok_or_else(|| refused("it does not begin with sqlite:".to_owned()))?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
    // An address must not change the connections' settings, because durability depends on them.
    if !["", "mode=rwc", "mode=rw"].contains(&parameters) {
        return Err(refused(format!("SQLite's parameters ({parameters}) are set by payrail; leave them out")));
    }
    if path.is_empty() || path == ":memory:" {
        return Err(refused("it names no file, and only a file outlives the program".to_owned()));
    }
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8();
    let decoded = decoded.map_err(|_| refused("its file name is no UTF-8 when decoded".to_owned()))?;
    Ok(PathBuf::from(decoded.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_file_or_is_refused() {
        for (url, file) in [
            ("sqlite:///var/lib/payrail.db", "/var/lib/payrail.db"),
            ("sqlite://payrail.db", "payrail.db"),
            ("sqlite:payrail.db", "payrail.db"),
            ("sqlite://a%20b.db?mode=rwc", "a b.db"),
        ] {
            assert_eq!(file_of(url).unwrap(), PathBuf::from(file), "{url}");
        }
        for url in ["sqlite:", "sqlite://", "sqlite::memory:", "sqlite://a.db?mode=memory", "sqlite://%ff", "a.db"] {
            file_of(url).unwrap_err();
        }
    }
}
