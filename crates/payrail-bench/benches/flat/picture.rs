//! The curve: a panel a store, the length of the book along a logarithmic axis, milliseconds upwards. It takes
//! its colours from the reader's scheme, light or dark.

use std::fmt::Write as _;

use super::report::Curve;

const COLOURS: [&str; 5] = ["#6366f1", "#0d9488", "#d97706", "#db2777", "#64748b"];
const STORES: [&str; 2] = ["SQLite", "PostgreSQL"];

/// Of a panel's axes, in pixels.
const WIDTH: u64 = 330;
const HEIGHT: u64 = 200;
const LEFT: u64 = 50;
const TOP: u64 = 50;
const PANEL: u64 = WIDTH + 70;
/// As wide as the names of all cases need.
const LEGEND: u64 = 730;

const STYLE: &str = "text{fill:#334155;font:12px system-ui,sans-serif}.title{font-size:14px;font-weight:600}\
    .axis{stroke:#94a3b8;stroke-width:1}.grid{stroke:#94a3b8;stroke-width:1;opacity:.25}\
    @media(prefers-color-scheme:dark){text{fill:#cbd5e1}}";

pub fn picture(curves: &[Curve]) -> String {
    let height = TOP + HEIGHT + 70;
    let is_measured = |store: &&str| curves.iter().any(|curve| curve.store == *store);
    let stores: Vec<_> = STORES.into_iter().filter(is_measured).collect();
    let width = (PANEL * stores.len() as u64).max(LEGEND) + 20;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\"><title>Median time of a request against the length of the merchant's \
         ledger</title><style>{STYLE}</style>"
    );
    for (place, store) in (0..).zip(stores) {
        let curves: Vec<_> = curves.iter().filter(|curve| curve.store == store).collect();
        panel(&mut svg, LEFT + place * PANEL, store, &curves);
    }
    legend(&mut svg, curves, height - 14);
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, left: u64, store: &str, curves: &[&Curve]) {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let most = points().map(|(_, time)| *time).max().unwrap_or(1).max(1);
    // A scale that ends a little above the slowest, on half a millisecond.
    let top = (most / 500_000 + 1) * 500_000;
    let longest = points().map(|(entries, _)| *entries).max().unwrap_or(10);
    let x = |entries: u64| left + (decades(entries) - 1_000) * WIDTH / (decades(longest) - 1_000).max(1);
    let y = |time: u64| TOP + HEIGHT - time * HEIGHT / top;
    let _ = write!(svg, "<text class=\"title\" x=\"{left}\" y=\"{}\">{store}: median, ms</text>", TOP - 20);
    for quarter in 0..=4 {
        let time = top * quarter / 4;
        let (class, at) = (if quarter == 0 { "axis" } else { "grid" }, y(time));
        let _ = write!(
            svg,
            "<line class=\"{class}\" x1=\"{left}\" x2=\"{}\" y1=\"{at}\" y2=\"{at}\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}.{:02}</text>",
            left + WIDTH,
            left - 8,
            at + 4,
            time / 1_000_000,
            time / 10_000 % 100
        );
    }
    for (entries, _) in &curves[0].points {
        let at = x(*entries);
        let _ = write!(
            svg,
            "<text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            TOP + HEIGHT + 20,
            grouped(*entries)
        );
    }
    for (curve, colour) in curves.iter().zip(COLOURS) {
        let path: Vec<_> = curve.points.iter().map(|(entries, time)| format!("{},{}", x(*entries), y(*time))).collect();
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for (entries, time) in &curve.points {
            let _ = write!(svg, "<circle cx=\"{}\" cy=\"{}\" r=\"3\" fill=\"{colour}\"/>", x(*entries), y(*time));
        }
    }
}

fn legend(svg: &mut String, curves: &[Curve], y: u64) {
    let Some(first) = curves.first() else { return };
    let mut x = LEFT;
    for (curve, colour) in curves.iter().filter(|curve| curve.store == first.store).zip(COLOURS) {
        let _ = write!(
            svg,
            "<circle cx=\"{x}\" cy=\"{}\" r=\"4\" fill=\"{colour}\"/><text x=\"{}\" y=\"{y}\">{}</text>",
            y - 4,
            x + 9,
            curve.case
        );
        x += 40 + 7 * curve.case.len() as u64;
    }
}

/// Thousandths of the logarithm to base 10, straight between powers of ten.
fn decades(number: u64) -> u64 {
    let whole = number.max(1).ilog10();
    let power = 10_u64.pow(whole);
    u64::from(whole) * 1_000 + (number - power) * 1_000 / (9 * power)
}

/// 1,000,000.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
