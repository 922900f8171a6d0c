//! Writes the pages of the catalogue into the folder that is named: `cargo xtask generate` runs it.

use azvm_diagnostics::catalogue::pages;
use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("usage: write_pages FOLDER"))?;
    fs::create_dir_all(&folder)?;
    for page in pages() {
        let path = folder.join(&page.file);
        // What is current keeps its date.
        if fs::read_to_string(&path).ok().as_deref() != Some(&page.text) {
            fs::write(path, &page.text)?;
        }
    }
    Ok(())
}
