//! Embeds the migrations: a list of `(version, description, SQL)` for each database, in the order of the versions.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    for store in ["postgres", "sqlite"] {
        let list = list(&root.join("migrations").join(store));
        fs::write(out.join(format!("{store}_migrations.rs")), list).expect("the list is written");
    }
}

/// Of files named `0001_what_it_does.sql`.
fn list(folder: &Path) -> String {
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the folder is there").map(|file| file.expect("a file").path()).collect();
    files.sort();
    let mut list = "&[\n".to_owned();
    for file in files {
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8");
        let (version, what) = name.split_once('_').expect("0001_what_it_does.sql");
        let version: i64 = version.parse().expect("a number before the first underscore");
        let description = what.replace('_', " ");
        writeln!(list, "    ({version}, {description:?}, include_str!({file:?})),").expect("a string takes it");
    }
    list + "]"
}
