//! `x-by` and `x-order`: what a query compares and how its rows are ordered, backed by an index.

use charter_avro::source::{Member, Tree};

use super::Scope;
use super::operations::Draft;
use crate::attribute::list;
use crate::ir::{ColumnKind, Comparison, Condition, Direction, Field, OrderTerm, Purpose, View};
use crate::problem::Problem;
use crate::rules;
use crate::types;

/// Reads `x-by` and gives the parameters their purpose.
pub(super) fn read(draft: &mut Draft<'_>, view: &View, scope: &mut Scope<'_>) -> Vec<Condition> {
    let by = draft.tree.get("x-by");
    let members = match by {
        None => &[],
        Some(tree) => tree.as_object().unwrap_or_else(|| {
            scope.document.misshapen(
                "x-by",
                "an object of parameters and conditions",
                tree,
                scope.problems,
            );
            &[]
        }),
    };
    let conditions =
        members.iter().filter_map(|member| condition(draft, member, view, scope)).collect();
    for parameter in
        draft.operation.parameters.iter().filter(|parameter| parameter.purpose == Purpose::Field)
    {
        if members.iter().all(|member| member.key != parameter.name) {
            let message = format!(
                "expected `x-by` to say what `{}` is compared with, found nothing",
                parameter.name
            );
            let problem = Problem::new(&rules::BY_UNKNOWN, &parameter.origin, message);
            scope.problems.push(problem.related(&draft.at, "the operation stands here"));
        }
    }
    conditions
}

fn condition(
    draft: &mut Draft<'_>,
    member: &Member,
    view: &View,
    scope: &mut Scope<'_>,
) -> Option<Condition> {
    let at = scope.document.key_at(member);
    let text = scope.document.string(&member.value, "a condition", scope.problems)?;
    let (column, operator) = match text.value.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["eq"] => (member.key.clone(), Some(Comparison::Equal)),
        [column, operator] => ((*column).to_owned(), comparison(operator)),
        _ => (member.key.clone(), None),
    };
    let Some(operator) = operator else {
        let message = format!("expected `eq` or `<column> <operator>`, found `{}`", text.value);
        scope.problems.push(Problem::new(&rules::BY_OPERATOR, &text.origin, message));
        return None;
    };
    let parameters = &mut draft.operation.parameters;
    let parameter = parameters.iter().position(|parameter| {
        parameter.name == member.key
            && matches!(parameter.purpose, Purpose::Field | Purpose::Condition)
    });
    let Some(parameter) = parameter else {
        let message = format!("expected a parameter of the path or query, found `{}`", member.key);
        scope.problems.push(Problem::new(&rules::BY_UNKNOWN, &at, message));
        return None;
    };
    parameters[parameter].purpose = Purpose::Condition;
    let fields = scope.types.fields(view.id);
    let Some((index, field)) = types::field(fields, &column) else {
        let message = format!(
            "expected a column of `{}`, found `{column}`",
            scope.types.def(view.id).full_name
        );
        let help = format!(
            "its columns are {}",
            list(&fields.iter().map(|field| &field.name).collect::<Vec<_>>())
        );
        scope.problems.push(Problem::new(&rules::BY_UNKNOWN, &text.origin, message).help(help));
        return None;
    };
    check_type(draft, parameter, field, view.columns[index].kind, scope);
    Some(Condition { parameter, column: index, operator })
}

fn comparison(operator: &str) -> Option<Comparison> {
    match operator {
        "=" | "eq" => Some(Comparison::Equal),
        "<" => Some(Comparison::Less),
        "<=" => Some(Comparison::AtMost),
        ">" => Some(Comparison::Greater),
        ">=" => Some(Comparison::AtLeast),
        _ => None,
    }
}

/// The parameter has the column's type: proven as a request of it would be, under this rule's name.
fn check_type(
    draft: &Draft<'_>,
    parameter: usize,
    field: &Field,
    kind: ColumnKind,
    scope: &mut Scope<'_>,
) {
    let parameter = &draft.operation.parameters[parameter];
    let before = scope.problems.errors();
    if kind == ColumnKind::Json || parameter.schema.nullable {
        let found = scope.types.describe(&field.ty);
        let message = format!(
            "expected `{}` to be compared with a column that has an order, found {found}",
            parameter.name
        );
        let problem = Problem::new(&rules::BY_TYPE, &parameter.origin, message);
        scope.problems.push(problem.related(&field.origin, format!("`{}` is {found}", field.name)));
        return;
    }
    let ty = types::inner(&field.ty);
    scope.meet(&parameter.schema, &parameter.origin, ty, &field.origin, Direction::Request);
    scope.problems.rename_since(before, &rules::TYPE_PAIR, &rules::BY_TYPE);
}

/// Reads `x-order`; the key's missing columns follow, so that the order is total.
pub(super) fn order(
    draft: &Draft<'_>,
    view: &View,
    is_page: bool,
    scope: &mut Scope<'_>,
) -> Vec<OrderTerm> {
    let tree = draft.tree.get("x-order");
    if !is_page {
        if let Some(tree) = tree {
            let message = "expected no `x-order` on a query for one row";
            scope.problems.push(Problem::new(
                &rules::ORDER_TERM,
                &scope.document.at(tree),
                message,
            ));
        }
        return Vec::new();
    }
    let mut order: Vec<OrderTerm> = Vec::new();
    for item in tree.and_then(Tree::as_array).unwrap_or_default() {
        let text = item.as_str().unwrap_or_default();
        let (name, descending) =
            text.strip_suffix(" desc").map_or((text, false), |name| (name, true));
        let found = types::field(scope.types.fields(view.id), name).map(|(index, _)| index);
        let found = found.filter(|column| view.columns[*column].kind != ColumnKind::Json);
        let fits = found.filter(|column| {
            order.iter().all(|term| term.column != *column && term.descending == descending)
        });
        let Some(column) = fits else {
            let expected = if found.is_some() {
                "each column once, and one direction"
            } else {
                "a column with an order"
            };
            let message = format!("expected {expected}, found `{text}`");
            scope.problems.push(Problem::new(
                &rules::ORDER_TERM,
                &scope.document.at(item),
                message,
            ));
            continue;
        };
        order.push(OrderTerm { column, descending });
    }
    let descending = order.first().is_some_and(|term| term.descending);
    for column in &view.key {
        if order.iter().all(|term| term.column != *column) {
            order.push(OrderTerm { column: *column, descending });
        }
    }
    order
}

/// One row: its whole key by `eq`, and nothing else.
pub(super) fn check_row(
    draft: &Draft<'_>,
    view: &View,
    conditions: &[Condition],
    scope: &mut Scope<'_>,
) {
    let mut compared: Vec<usize> = conditions
        .iter()
        .filter(|condition| {
            condition.operator == Comparison::Equal
                && draft.operation.parameters[condition.parameter].required
        })
        .map(|condition| condition.column)
        .collect();
    let mut key = view.key.clone();
    compared.sort_unstable();
    key.sort_unstable();
    if compared != key || conditions.len() != key.len() {
        let fields = scope.types.fields(view.id);
        let names: Vec<_> = view.key.iter().map(|index| &fields[*index].name).collect();
        let name = &scope.types.def(view.id).full_name;
        let message = format!(
            "expected a query for one row of `{name}` to compare its key {} by `eq`",
            list(&names)
        );
        let at =
            draft.tree.get("x-by").map_or_else(|| draft.at.clone(), |tree| scope.document.at(tree));
        scope.problems.push(Problem::new(&rules::ROW_KEY, &at, message));
    }
}

/// A page: required conditions and order are served by the key or an index.
///
/// With the columns that a required parameter fixes in front, in any order, and the order behind them, an
/// index serves where it begins so. It may end before the order does where only key columns are left,
/// which then order rows that are equal in all else.
pub(super) fn check_index(
    draft: &Draft<'_>,
    view: &View,
    conditions: &[Condition],
    order: &[OrderTerm],
    scope: &mut Scope<'_>,
) {
    let fixed: Vec<usize> = conditions
        .iter()
        .filter(|condition| {
            condition.operator == Comparison::Equal
                && draft.operation.parameters[condition.parameter].required
        })
        .map(|condition| condition.column)
        .collect();
    let ordered: Vec<usize> =
        order.iter().map(|term| term.column).filter(|column| !fixed.contains(column)).collect();
    let serves = |index: &[usize]| {
        let Some((head, tail)) = index.split_at_checked(fixed.len()) else { return false };
        let matched = tail.iter().zip(&ordered).take_while(|(a, b)| a == b).count();
        let rest = &ordered[matched..];
        head.iter().all(|column| fixed.contains(column))
            && (matched > 0 || rest.is_empty())
            && (rest.is_empty() || matched == tail.len())
            && rest.iter().all(|column| view.key.contains(column))
    };
    if serves(&view.key) || view.indexes.iter().any(|index| serves(index)) {
        return;
    }
    let fields = scope.types.fields(view.id);
    let needed: Vec<_> = fixed
        .iter()
        .chain(&ordered)
        .map(|column| format!("\"{}\"", fields[*column].name))
        .collect();
    let name = &scope.types.def(view.id).full_name;
    let message = format!(
        "expected an index of `{name}` behind the query `{}`, found none",
        draft.operation.id
    );
    let help = format!("add `[{}]` to the `index` of `{name}`", needed.join(", "));
    let at = draft.tree.get("x-order").or_else(|| draft.tree.get("x-by"));
    let at = at.map_or_else(|| draft.at.clone(), |tree| scope.document.at(tree));
    let problem = Problem::new(&rules::BY_INDEX, &at, message).help(help);
    scope.problems.push(problem.related(&scope.types.head(view.id), "the view stands here"));
}
