//! Clients' connections must leave open files for the database and the bank. Without them no payout can be made.

/// Open files that are reserved for databases, the bank and logs: a lane, a reader and a call need one each.
const RESERVED: u64 = 512;

/// The number of connections: `wanted`, or fewer if the process may not open enough files.
pub fn connections(wanted: usize) -> usize {
    // Shells set a low soft limit for programs that use select(2). This program does not.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let allowed = allowed(files, wanted);
    if allowed < wanted {
        tracing::warn!(files, wanted, allowed, "fewer connections than PAYRAIL_CONNECTIONS: raise `ulimit -n`");
    }
    allowed
}

fn allowed(files: u64, wanted: usize) -> usize {
    let available = files.saturating_sub(RESERVED).max(files / 4).max(1);
    wanted.min(usize::try_from(available).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_files_are_reserved() {
        for (files, wanted, expected) in
            [(20_000, 4_096, 4_096), (4_096, 4_096, 3_584), (1_024, 4_096, 512), (256, 4_096, 64), (0, 10, 1)]
        {
            assert_eq!(allowed(files, wanted), expected, "{files}");
        }
    }
}
