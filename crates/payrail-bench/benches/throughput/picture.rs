//! The medians as bars, legible on light and dark ground.

use std::fmt::Write as _;

use super::report::{Row, STORES};
use super::server::Build;

const LINE: u64 = 22;
const NAMES: u64 = 230;
const LONGEST: u64 = 440;
const YARDSTICKS: [&str; 3] = ["textbook", "limit", "one small"];

/// A bar a case, as long as it is fast, against the fastest of its store.
pub fn of(rows: &[Row]) -> String {
    let height = LINE * (rows.len() as u64 + 4);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"{height}\" font-family=\"system-ui, \
         sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#fff\"/>\n\
         <g fill=\"#0f172a\">\n"
    );
    let mut y = LINE + 4;
    for store in STORES {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.store == store && row.build == Build::This).collect();
        let most = rows.iter().map(|row| row.median().per_second).max().unwrap_or(1).max(1);
        let _ = writeln!(svg, "<text x=\"12\" y=\"{y}\" font-weight=\"600\">{store}, a second</text>");
        y += LINE;
        for row in rows {
            bar(&mut svg, row, y, most);
            y += LINE;
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn bar(svg: &mut String, row: &Row, y: u64, most: u64) {
    let value = row.median().per_second;
    let is_yardstick = YARDSTICKS.iter().any(|name| row.name.starts_with(name));
    let colour = if is_yardstick { "#94a3b8" } else { "#4f46e5" };
    let long = (value * LONGEST / most).max(1);
    let (name, top, end) = (&row.name, y - 11, NAMES + long + 8);
    let _ = writeln!(
        svg,
        "<text x=\"12\" y=\"{y}\">{name}</text><rect x=\"{NAMES}\" y=\"{top}\" width=\"{long}\" height=\"14\" \
         rx=\"2\" fill=\"{colour}\"/><text x=\"{end}\" y=\"{y}\">{value}</text>"
    );
}
