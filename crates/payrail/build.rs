//! Puts the dashboard where the program takes it in: what `npm run build` left in dashboard/dist or, without it,
//! one page that says how to build it. A build of the program needs no Node.js.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let dashboard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dashboard");
    let dist = dashboard.join("dist");
    let pages = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("pages");
    if pages.exists() {
        fs::remove_dir_all(&pages)?;
    }
    fs::create_dir_all(&pages)?;
    let is_built = dist.join("index.html").exists() && dist.join("admin/index.html").exists();
    // A path that is not there counts as changed, every time.
    let watched = if dist.exists() { &dist } else { &dashboard };
    println!("cargo:rerun-if-changed={}", watched.display());
    println!("cargo:rerun-if-changed=src/http/not_built.html");
    if is_built { copy(&dist, &pages) } else { put_stub(&pages) }
}

/// Without what begins with a dot: build tools' own notes.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for item in fs::read_dir(from)? {
        let item = item?;
        if item.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let to = to.join(item.file_name());
        if item.file_type()?.is_dir() {
            fs::create_dir_all(&to)?;
            copy(&item.path(), &to)?;
        } else {
            fs::copy(item.path(), to)?;
        }
    }
    Ok(())
}

fn put_stub(pages: &Path) -> io::Result<()> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/not_built.html");
    fs::create_dir_all(pages.join("admin"))?;
    fs::copy(page, pages.join("index.html"))?;
    fs::copy(page, pages.join("admin/index.html"))?;
    Ok(())
}
