//! `index.html`: the page that sums up and links the rest.
//!
//! One file that asks nothing of a network and runs no program: style and charts stand in it, links
//! go to files beside it. Whatever comes from a file or a configuration is escaped.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::section::Section;
use super::{Result, files};
use crate::report::NOT_A_DEVICE;
use crate::report::evaluation::Table;
use crate::training::config::Config;

/// Name of the file in the folder of the run.
pub const FILE: &str = "index.html";

/// What may stand in the page is said by the page itself: no program, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:";

const STYLE: &str = "
body { font-family: Inter, 'Helvetica Neue', Arial, sans-serif; color: #1a1d21; background: #ffffff; line-height: 1.45;
       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: 0.2rem; } h2 { font-size: 1.25rem; margin-top: 2.4rem; border-top: 1px solid #d5d9de;
       padding-top: 1.2rem; } h3 { font-size: 1rem; margin-bottom: 0.2rem; }
p, li { max-width: 48rem; } .quiet { color: #555b63; font-size: 0.9rem; }
.verdict { background: #f2f5f9; border-left: 4px solid #2f6fb3; padding: 0.6rem 1rem; } .verdict p { margin: 0.4rem 0; }
.remarks { background: #fdf6e7; border-left: 4px solid #c08a1e; padding: 0.4rem 1rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.9rem; margin: 0.4rem 0 1rem; }
th, td { text-align: right; padding: 0.25rem 0.7rem; border-bottom: 1px solid #e3e6ea; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; } th { font-weight: 600; vertical-align: bottom; }
svg { width: 100%; max-width: 46rem; height: auto; display: block; margin: 0.8rem 0; }
@media print { body { margin: 0; max-width: none; } svg, table { break-inside: avoid; } }
";

/// Writes the page of a run into `out`.
pub(super) fn write(config: &Config, out: &Path, sections: &[Section]) -> Result<PathBuf> {
    let mut charts = Vec::new();
    for section in sections {
        charts.push(section.charts.iter().map(|chart| drawing(&out.join(chart))).collect::<Result<Vec<_>>>()?);
    }
    let date = chrono::Local::now().format("%Y-%m-%d").to_string();
    let path = out.join(FILE);
    files::write(&path, page(config, sections, &charts, &date).as_bytes())?;
    Ok(path)
}

/// The drawing in an SVG file; empty where it is gone.
fn drawing(path: &Path) -> Result<String> {
    let bytes = files::read(path)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(text.find("<svg").map_or_else(String::new, |at| text[at..].to_owned()))
}

fn page(config: &Config, sections: &[Section], charts: &[Vec<String>], date: &str) -> String {
    let name = escaped(&config.name);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"{POLICY}\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{name}: \
         verdict</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{name}</h1>\n<p>{}</p>\n<p class=\"quiet\">{} Made by \
         Pellucid {} on {date}.</p>\n",
        escaped(&config.description),
        escaped(NOT_A_DEVICE),
        env!("CARGO_PKG_VERSION"),
    );
    html.push_str("<div class=\"verdict\">\n");
    for sentence in sections.iter().flat_map(|section| &section.verdict) {
        let _ = writeln!(html, "<p>{}</p>", escaped(sentence));
    }
    html.push_str("</div>\n<ul>\n");
    for (number, section) in sections.iter().enumerate() {
        let _ = writeln!(html, "<li><a href=\"#s{number}\">{}</a></li>", escaped(&section.title));
    }
    html.push_str("</ul>\n");
    for (number, section) in sections.iter().enumerate() {
        let drawn = charts.get(number).map_or(&[][..], Vec::as_slice);
        part(&mut html, number, section, drawn);
    }
    let _ = writeln!(
        html,
        "<h2>What this rests on</h2>\n<p>Data: {}</p>\n<p>Population: {}</p>\n<p>Intervals are 95 %, by patient. What holds for \
         images from elsewhere, no test part of the same data can tell.</p>\n</body>\n</html>",
        escaped(&config.provenance.data),
        escaped(&config.provenance.population)
    );
    html
}

fn part(html: &mut String, number: usize, section: &Section, charts: &[String]) {
    let _ = writeln!(html, "<h2 id=\"s{number}\">{}</h2>", escaped(&section.title));
    for sentence in &section.sentences {
        let _ = writeln!(html, "<p>{}</p>", escaped(sentence));
    }
    section.tables.iter().for_each(|own| table(html, own));
    charts.iter().for_each(|chart| html.push_str(chart));
    if !section.remarks.is_empty() {
        html.push_str("<div class=\"remarks\"><ul>\n");
        for remark in &section.remarks {
            let _ = writeln!(html, "<li>{}</li>", escaped(remark.trim_start_matches("note: ")));
        }
        html.push_str("</ul></div>\n");
    }
    if !section.links.is_empty() {
        let link = |(what, path): &(String, String)| format!("<a href=\"{}\">{}</a>", escaped(path), escaped(what));
        let links: Vec<String> = section.links.iter().map(link).collect();
        let _ = writeln!(html, "<p class=\"quiet\">Files: {}</p>", links.join(", "));
    }
}

fn table(html: &mut String, table: &Table) {
    let _ = writeln!(html, "<h3>{}</h3>", escaped(&table.title));
    if !table.note.is_empty() {
        let _ = writeln!(html, "<p class=\"quiet\">{}</p>", escaped(&table.note));
    }
    let row = |cells: &[String], kind: &str| {
        let cells: Vec<String> = cells.iter().map(|cell| format!("<{kind}>{}</{kind}>", escaped(cell))).collect();
        format!("<tr>{}</tr>\n", cells.concat())
    };
    html.push_str("<div class=\"wide\"><table>\n<thead>");
    html.push_str(&row(&table.columns, "th"));
    html.push_str("</thead>\n<tbody>\n");
    table.rows.iter().for_each(|cells| html.push_str(&row(cells, "td")));
    html.push_str("</tbody>\n</table></div>\n");
}

/// HTML text, also within quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_elsewhere_is_text_and_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        let hostile = "<script>alert('x')</script>\" onload=\"y";
        let text = format!(
            "name = \"n\"\ndescription = {}\n[data]\nfolders = [\".\"]\n[architecture]\nfamily = \"custom-cnn\"\n[[labels]]\nname \
             = \"A\"\n[[labels]]\nname = \"B\"\n",
            toml::Value::String(hostile.into())
        );
        std::fs::write(&path, text).unwrap();
        let config = Config::read(&path).unwrap();
        let table = Table {
            title: hostile.into(),
            note: hostile.into(),
            columns: vec![hostile.into()],
            rows: vec![vec![hostile.into()]],
        };
        let own = || vec![hostile.to_owned()];
        let section = Section {
            title: hostile.into(),
            verdict: own(),
            sentences: own(),
            tables: vec![table],
            in_card: true,
            charts: Vec::new(),
            links: vec![(hostile.into(), hostile.into())],
            remarks: own(),
        };
        let html = page(&config, &[section], &[], "2026-01-01");
        assert!(!html.contains("<script") && !html.contains("onload=\"y"), "{html}");
        assert!(html.matches("&lt;script&gt;").count() >= 9, "{html}");
        assert!(!html.contains("http:") && !html.contains("https:"), "nothing is fetched");
    }
}
