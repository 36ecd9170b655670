//! Which logical types are known and what they rest on (Avro specification, "Logical Types").

use super::named::listed;
use super::{Fixed, Kind, Logical};
use crate::source::{Span, Tree};

/// Why a `logicalType` counts for nothing.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) rule: &'static str,
    pub(super) message: String,
    pub(super) span: Span,
    pub(super) help: Option<String>,
}

/// What a logical type can rest on.
#[derive(Clone, Copy)]
enum Base {
    Int,
    Long,
    BytesOrFixed,
    StringOrFixed16,
    Fixed12,
}

const KNOWN: [(&str, Base, Logical); 12] = [
    ("decimal", Base::BytesOrFixed, Logical::Decimal { precision: 1, scale: 0 }),
    ("uuid", Base::StringOrFixed16, Logical::Uuid),
    ("date", Base::Int, Logical::Date),
    ("time-millis", Base::Int, Logical::TimeMillis),
    ("time-micros", Base::Long, Logical::TimeMicros),
    ("timestamp-millis", Base::Long, Logical::TimestampMillis),
    ("timestamp-micros", Base::Long, Logical::TimestampMicros),
    ("timestamp-nanos", Base::Long, Logical::TimestampNanos),
    ("local-timestamp-millis", Base::Long, Logical::LocalTimestampMillis),
    ("local-timestamp-micros", Base::Long, Logical::LocalTimestampMicros),
    ("local-timestamp-nanos", Base::Long, Logical::LocalTimestampNanos),
    ("duration", Base::Fixed12, Logical::Duration),
];

impl Base {
    fn describe(self) -> &'static str {
        match self {
            Self::Int => "`int`",
            Self::Long => "`long`",
            Self::BytesOrFixed => "`bytes` or a fixed",
            Self::StringOrFixed16 => "`string` or a fixed of 16 bytes",
            Self::Fixed12 => "a fixed of 12 bytes",
        }
    }

    fn fits(self, kind: &Kind) -> bool {
        match self {
            Self::Int => matches!(kind, Kind::Int),
            Self::Long => matches!(kind, Kind::Long),
            Self::BytesOrFixed => matches!(kind, Kind::Bytes | Kind::Fixed(_)),
            Self::StringOrFixed16 => {
                matches!(kind, Kind::String | Kind::Fixed(Fixed { size: 16, .. }))
            }
            Self::Fixed12 => matches!(kind, Kind::Fixed(Fixed { size: 12, .. })),
        }
    }
}

/// The logical type that `tree`, a schema of `kind`, asks for; `None` when it asks for none.
pub(super) fn read(kind: &Kind, tree: &Tree) -> Result<Option<Logical>, Unfit> {
    let Some(asked) = tree.get("logicalType") else {
        return Ok(None);
    };
    let unfit = |message: String, help: Option<String>| Unfit {
        rule: "AVRO_INVALID_LOGICAL_TYPE",
        message,
        span: asked.span,
        help,
    };
    let Some(name) = asked.as_str() else {
        return Err(unfit(
            format!("expected `logicalType` to be a string, found {}", asked.describe()),
            None,
        ));
    };
    let Some((_, base, logical)) = KNOWN.iter().find(|(known, ..)| *known == name) else {
        let known: Vec<String> = KNOWN.iter().map(|(known, ..)| (*known).to_owned()).collect();
        let help = Some(format!("the known ones are {}", listed(&known)));
        let message = format!("expected a logical type that Avro defines, found `{name}`");
        return Err(Unfit { rule: "AVRO_UNKNOWN_LOGICAL_TYPE", message, span: asked.span, help });
    };
    if !base.fits(kind) {
        let found = if let Kind::Fixed(fixed) = kind {
            format!("a fixed of {} bytes", fixed.size)
        } else {
            format!("`{}`", kind.type_name())
        };
        return Err(unfit(
            format!("expected `{name}` on {}, found it on {found}", base.describe()),
            None,
        ));
    }
    if matches!(logical, Logical::Decimal { .. }) {
        return decimal(kind, tree, asked.span).map(Some);
    }
    Ok(Some(*logical))
}

fn decimal(kind: &Kind, tree: &Tree, span: Span) -> Result<Logical, Unfit> {
    let unfit = |message: String, span: Span| Unfit {
        rule: "AVRO_INVALID_LOGICAL_TYPE",
        message,
        span,
        help: None,
    };
    let Some(given) = tree.get("precision") else {
        return Err(Unfit {
            help: Some("for example `\"precision\": 18, \"scale\": 2`".to_owned()),
            ..unfit("expected a decimal to have a `precision`, found none".to_owned(), span)
        });
    };
    let whole = |tree: &Tree| tree.as_u64().and_then(|number| u32::try_from(number).ok());
    let Some(precision) = whole(given).filter(|precision| *precision > 0) else {
        return Err(unfit(
            format!("expected `precision` to be a whole number above 0, found {}", shown(given)),
            given.span,
        ));
    };
    if let Kind::Fixed(fixed) = kind
        && u64::from(precision) > digits_of_fixed(fixed.size)
    {
        let most = digits_of_fixed(fixed.size);
        let message = format!(
            "expected a precision of at most {most}, which {} bytes hold, found {precision}",
            fixed.size
        );
        return Err(unfit(message, given.span));
    }
    let scale = match tree.get("scale") {
        None => Some(0),
        Some(given) => whole(given).filter(|scale| *scale <= precision),
    };
    let Some(scale) = scale else {
        let given = tree.get("scale").unwrap_or(tree);
        let message = format!("expected `scale` within 0..={precision}, found {}", shown(given));
        return Err(unfit(message, given.span));
    };
    Ok(Logical::Decimal { precision, scale })
}

fn shown(tree: &Tree) -> String {
    tree.as_number().map_or(tree.describe().to_owned(), |number| format!("`{number}`"))
}

/// How many decimal digits always fit into `size` bytes of two's complement: ⌊log₁₀(2^(8·size − 1))⌋.
fn digits_of_fixed(size: usize) -> u64 {
    // log₁₀ 2 to 15 digits.
    const NUMERATOR: u128 = 301_029_995_663_981;
    const DENOMINATOR: u128 = 1_000_000_000_000_000;
    let bits = (size as u128 * 8).saturating_sub(1);
    u64::try_from(bits * NUMERATOR / DENOMINATOR).unwrap_or(u64::MAX)
}
