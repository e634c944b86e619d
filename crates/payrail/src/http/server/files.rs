//! A connection is an open file, and so is one to the database or to the bank. Were strangers to use them all up, no
//! payout would go through.

/// For databases, the bank, logs: a lane, a reader and a call need one each.
const KEPT: u64 = 512;

/// As many connections as were asked for, or as there are files for.
pub fn places(asked: usize) -> usize {
    // The shells' soft limit is from the days of select(2), which this program does not use.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let places = of(files, asked);
    if places < asked {
        tracing::warn!(files, asked, places, "fewer connections than PAYRAIL_CONNECTIONS: raise `ulimit -n`");
    }
    places
}

fn of(files: u64, asked: usize) -> usize {
    let left = files.saturating_sub(KEPT).max(files / 4).max(1);
    asked.min(usize::try_from(left).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_files_are_kept() {
        for (files, asked, places) in
            [(20_000, 4_096, 4_096), (4_096, 4_096, 3_584), (1_024, 4_096, 512), (256, 4_096, 64), (0, 10, 1)]
        {
            assert_eq!(of(files, asked), places, "{files}");
        }
    }
}
