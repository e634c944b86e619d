//! CPU time that a process and its children have used, as Linux counts it (in hundredths of a second).

use std::collections::HashMap;

/// Hundredths of a second, user and system, of the process, its living descendants and those that ended.
pub fn hundredths(root: u32) -> u64 {
    let processes: HashMap<u32, (u32, u64)> = all();
    let is_below = |mut process: u32| loop {
        match processes.get(&process) {
            _ if process == root => break true,
            Some((parent, _)) if *parent != 0 => process = *parent,
            _ => break false,
        }
    };
    processes.iter().filter(|(process, _)| is_below(**process)).map(|(_, (_, used))| used).sum()
}

/// Each process with its parent and what it and its ended children used.
fn all() -> HashMap<u32, (u32, u64)> {
    let folders = std::fs::read_dir("/proc").expect("Linux");
    let numbers = folders.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter_map(|process| Some((process, stat(process)?))).collect()
}

fn stat(process: u32) -> Option<(u32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may have spaces in it.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let used = number(11)? + number(12)? + number(13)? + number(14)?;
    Some((u32::try_from(number(1)?).ok()?, used))
}

/// Kilobytes of memory that the process has in RAM.
pub fn resident_kb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
