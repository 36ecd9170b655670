//! Who sends what to whom, drawn: operations and timers, the context that decides, its events, the views that fold them.

use std::fmt::Write as _;

use crate::check::formats::escaped;
use crate::ir::{Context, Contracts, OperationKind};

/// Pixels from one line of text to the next.
const LINE: usize = 20;
/// Pixels of a character of the diagram's text, roughly.
const CHARACTER: usize = 8;
/// Pixels between two columns, for the lines between them.
const GAP: usize = 80;
/// Pixels around everything.
const EDGE: usize = 12;

/// A context's part of the picture.
struct Row<'a> {
    context: &'a Context,
    /// What is sent, and whether the runtime sends it by itself: a timer or a reactor.
    sent: Vec<(String, bool)>,
    events: Vec<String>,
    views: Vec<String>,
}

impl Row<'_> {
    fn lines(&self) -> usize {
        self.sent.len().max(self.events.len()).max(self.views.len()).max(1)
    }
}

/// The picture, in a frame that scrolls where it is too wide.
pub(super) fn svg(contracts: &Contracts) -> String {
    let rows: Vec<Row<'_>> =
        contracts.contexts.iter().map(|context| row(contracts, context)).collect();
    let width = |texts: &dyn Fn(&Row<'_>) -> Vec<usize>| {
        rows.iter().flat_map(texts).max().unwrap_or(0) * CHARACTER
    };
    let sent = width(&|row| row.sent.iter().map(|(text, _)| text.chars().count()).collect());
    let names = width(&|row| vec![row.context.name.chars().count() + 4]);
    let events = width(&|row| row.events.iter().map(|text| text.chars().count()).collect());
    let views = width(&|row| row.views.iter().map(|text| text.chars().count()).collect());
    let at_context = EDGE + sent + GAP;
    let at_events = at_context + names + GAP;
    let at_views = at_events + events + GAP;
    let whole = at_views + views + EDGE;
    let mut body = String::new();
    let mut top = EDGE;
    for row in &rows {
        let height = row.lines() * LINE;
        let middle = top + height / 2;
        let _ = writeln!(
            body,
            "<rect class=\"box\" x=\"{at_context}\" y=\"{}\" width=\"{names}\" height=\"40\" rx=\"6\"/>\
             <text class=\"title\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            middle - 20.min(middle),
            at_context + names / 2,
            middle + 5,
            escaped(&row.context.name)
        );
        let place = |index: usize, count: usize| {
            top + (height - count * LINE) / 2 + index * LINE + LINE / 2
        };
        for (index, (text, timer)) in row.sent.iter().enumerate() {
            let y = place(index, row.sent.len());
            words(&mut body, EDGE, y, text);
            let from = EDGE + text.chars().count() * CHARACTER;
            way(&mut body, (from, y), EDGE + sent, (at_context, middle), *timer);
        }
        for (index, text) in row.events.iter().enumerate() {
            let y = place(index, row.events.len());
            let decided = at_context + names;
            way(&mut body, (decided, middle), decided, (at_events - 6, y), false);
            words(&mut body, at_events, y, text);
            if !row.views.is_empty() {
                let from = at_events + text.chars().count() * CHARACTER;
                way(&mut body, (from, y), at_events + events, (at_views - GAP / 3, middle), false);
            }
        }
        for (index, text) in row.views.iter().enumerate() {
            let y = place(index, row.views.len());
            let folded = at_views - GAP / 3;
            way(&mut body, (folded, middle), folded, (at_views - 6, y), false);
            words(&mut body, at_views, y, text);
        }
        top += height + 2 * LINE;
    }
    let tall = top.saturating_sub(LINE);
    format!(
        "<div class=\"wide\"><svg role=\"img\" aria-label=\"Who sends what to whom\" width=\"{whole}\" height=\"{tall}\" \
         viewBox=\"0 0 {whole} {tall}\">\n{body}</svg></div>\n"
    )
}

fn row<'a>(contracts: &'a Contracts, context: &'a Context) -> Row<'a> {
    let short = |full: &str| full.rsplit('.').next().unwrap_or(full).to_owned();
    let mut sent = Vec::new();
    for operation in contracts.gateway.iter().flat_map(|gateway| &gateway.operations) {
        if let OperationKind::Command(command) = &operation.kind
            && contracts.contexts[command.context].name == context.name
        {
            let name = &contracts.type_of(context.commands[command.command].id).name;
            sent.push((format!("{}: {name}", operation.id), false));
        }
    }
    for event in &context.events {
        for deadline in &event.deadlines {
            let command = &contracts.type_of(context.commands[deadline.command].id).name;
            sent.push((format!("timer of {}: {command}", contracts.type_of(event.id).name), true));
        }
    }
    for command in &context.commands {
        let name = &contracts.type_of(command.id).name;
        sent.extend(command.from.iter().map(|from| (format!("reactor on {from}: {name}"), true)));
    }
    let views = contracts.contexts.iter().flat_map(|other| &other.views);
    Row {
        context,
        sent,
        events: context
            .events
            .iter()
            .map(|event| short(&contracts.type_of(event.id).name))
            .collect(),
        views: views
            .filter(|view| view.from.contains(&context.name))
            .map(|view| short(&contracts.type_of(view.id).name))
            .collect(),
    }
}

fn words(body: &mut String, x: usize, y: usize, text: &str) {
    let _ = writeln!(body, "<text x=\"{x}\" y=\"{}\">{}</text>", y + 4, escaped(text));
}

/// A line that goes straight on past the other words of its column, to `column`, and arrives level.
fn way(body: &mut String, from: (usize, usize), column: usize, to: (usize, usize), timer: bool) {
    let half = usize::midpoint(column, to.0);
    let class = if timer { "way timer" } else { "way" };
    let _ = writeln!(
        body,
        "<path class=\"{class}\" d=\"M{} {}H{column}C{half} {} {half} {} {} {}\"/>",
        from.0, from.1, from.1, to.1, to.0, to.1
    );
}
