//! The log as one page for a browser: no script, nothing from elsewhere, and no text that could become markup.

use super::Words;
use super::page::Page;
use crate::{Report, Verdict};
use std::fmt::Write;

/// Quiet, readable on paper too, light and dark.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{opacity:.75}dd{margin:0}\
dd,td{overflow-wrap:anywhere}\
.verdict{font-weight:600;border-inline-start:.4rem solid;padding:.5rem 1rem}\
.whole{border-color:#1a7f4b}.incomplete{border-color:#b26a00}.changed,.unknown{border-color:#b3261e}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:start;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #8884}\
td:first-child,td:nth-child(2){font-variant-numeric:tabular-nums;white-space:nowrap}\
@media print{body{margin:0;max-width:none}}";

/// The log as one self-contained page.
#[must_use]
pub fn html(report: &Report, words: &dyn Words) -> String {
    let page = Page::of(report, words);
    let title = escaped(&page.title);
    let mut html = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n",
        escaped(&page.language)
    );
    let class = match report.verdict() {
        Verdict::Whole => "whole",
        Verdict::Incomplete => "incomplete",
        Verdict::Changed => "changed",
        Verdict::Unknown => "unknown",
    };
    let _ = writeln!(html, "<p class=\"verdict {class}\">{}</p>", escaped(&page.verdict));
    if !page.findings.is_empty() {
        let items = page.findings.iter().map(|finding| format!("<li>{}</li>\n", escaped(finding)));
        let _ = write!(html, "<ul>\n{}</ul>\n", items.collect::<String>());
    }
    if !page.facts.is_empty() {
        let facts = page.facts.iter().map(|(label, value)| {
            let (label, value) = (escaped(label), escaped(value));
            format!("<dt>{label}</dt><dd>{value}</dd>\n")
        });
        let _ = write!(html, "<dl>\n{}</dl>\n", facts.collect::<String>());
    }
    if !page.entries.is_empty() {
        let columns = page.columns.iter().map(|column| format!("<th scope=\"col\">{}</th>", escaped(column)));
        let _ = write!(
            html,
            "<h2>{}</h2>\n<table>\n<thead><tr>{}</tr></thead>\n<tbody>\n",
            escaped(&page.entries_title),
            columns.collect::<String>()
        );
        for (number, at, sentence) in &page.entries {
            let (at, sentence) = (escaped(at), escaped(sentence));
            let _ = writeln!(html, "<tr><td>{number}</td><td>{at}</td><td dir=\"auto\">{sentence}</td></tr>");
        }
        html.push_str("</tbody>\n</table>\n");
    }
    html.push_str("</body>\n</html>\n");
    html
}

/// Safe between tags and inside of quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
