//! What names say: their words, their case, and which words mean money, time, secrets or people.

mod lists;

use heck::{ToKebabCase, ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

use self::lists::{
    DAYS, MEASURES, MONEY, NO_PARTICIPLES, NOUN_ENDINGS, PARTICIPLES, PERSONAL, PLURALS, RESERVED,
    SECRETS, THINGS, TIMES, UNITS, VERBS,
};

/// The words of a name in small letters: `checkInDate` gives `check`, `in`, `date`.
pub(super) fn words(name: &str) -> Vec<String> {
    name.to_snake_case().split('_').map(ToOwned::to_owned).collect()
}

/// A case that names are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// `OrderPlaced`.
    Pascal,
    /// `orderId`.
    Camel,
    /// `CHECKED_IN`.
    UpperSnake,
    /// `order-lines`.
    Kebab,
}

impl Case {
    /// `name` in this case.
    pub(super) fn of(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_upper_camel_case(),
            Self::Camel => name.to_lower_camel_case(),
            Self::UpperSnake => name.to_shouty_snake_case(),
            Self::Kebab => name.to_kebab_case(),
        }
    }

    /// Whether `name` is written so. Several capitals in a row, as in `orderURL`, count as one word.
    pub(super) fn fits(self, name: &str) -> bool {
        let begins = |upper: bool| {
            name.starts_with(|first: char| {
                if upper { first.is_ascii_uppercase() } else { first.is_ascii_lowercase() }
            })
        };
        let all = |fits: fn(char) -> bool| name.chars().all(fits);
        match self {
            Self::Pascal => begins(true) && all(|c| c.is_ascii_alphanumeric()),
            Self::Camel => begins(false) && all(|c| c.is_ascii_alphanumeric()),
            Self::UpperSnake => {
                begins(true)
                    && all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                    && !name.ends_with('_')
                    && !name.contains("__")
            }
            Self::Kebab => {
                !name.is_empty()
                    && all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                    && !name.starts_with('-')
                    && !name.ends_with('-')
            }
        }
    }
}

/// What two names have in common where they differ in capitals and underscores only.
pub(super) fn folded(name: &str) -> String {
    name.chars().filter(|c| *c != '_' && *c != '-').flat_map(char::to_lowercase).collect()
}

fn is_participle(word: &str) -> bool {
    let regular = word.len() > 3 && word.ends_with("ed");
    (regular && !NO_PARTICIPLES.contains(&word)) || PARTICIPLES.contains(&word)
}

/// Whether an event's name says that something has happened: `ReservationCheckedIn`.
pub(super) fn is_past(name: &str) -> bool {
    words(name).iter().skip(1).any(|word| is_participle(word))
}

/// Whether a command's name begins with a verb, as far as endings tell: `PlaceOrder`. Rather yes than no.
pub(super) fn is_imperative(name: &str) -> bool {
    let words = words(name);
    let (first, rest) =
        words.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
    let past =
        |word: &str| word.len() > 4 && word.ends_with("ed") && !NO_PARTICIPLES.contains(&word);
    let made_noun = |word: &str| {
        word.len() > 4
            && NOUN_ENDINGS.iter().any(|ending| word.ends_with(ending))
            && !VERBS.contains(&word)
    };
    let gerund = first.len() > 5 && first.ends_with("ing");
    // `OrderPlacement`: a thing, and a noun made of the verb that was meant.
    let named_after = rest.len() == 1 && THINGS.contains(&first) && made_noun(&rest[0]);
    !(gerund
        || made_noun(first)
        || named_after
        || past(first)
        || rest.iter().any(|word| past(word)))
}

/// Whether a field of this name holds an amount of money, so far as words tell.
pub(super) fn is_money(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    MONEY.contains(&last)
        && !(words.len() > 1 && (words[words.len() - 2] == "load" || words[0] == "is"))
}

/// Whether a number of this name measures something and needs a unit.
pub(super) fn is_measure(name: &str) -> bool {
    let words = words(name);
    let named = words.last().is_some_and(|last| MEASURES.contains(&last.as_str()));
    named && !says_unit(name)
}

/// Whether the name's last word, or one behind `per`, is a unit.
pub(super) fn says_unit(name: &str) -> bool {
    let words = words(name);
    words.last().is_some_and(|last| UNITS.contains(&last.as_str()))
        || words.iter().any(|word| word == "per")
}

/// Whether a field of this name holds a point in time.
pub(super) fn is_time(name: &str) -> bool {
    let words = words(name);
    words.len() > 1 && words.last().is_some_and(|last| TIMES.contains(&last.as_str()))
}

/// Whether a field of this name holds a day.
pub(super) fn is_day(name: &str) -> bool {
    words(name).last().is_some_and(|last| DAYS.contains(&last.as_str()))
}

/// Whether a field of this name holds a UUID.
pub(super) fn is_uuid(name: &str) -> bool {
    words(name).last().is_some_and(|last| last == "uuid" || last == "guid")
}

/// Whether a text is a UUID: 32 hexadecimal digits in five groups (RFC 9562).
pub(super) fn is_uuid_text(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Whether a field of this name holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    let card = words.ends_with(&["card".to_owned(), "number".to_owned()]);
    SECRETS.contains(&last) || card
}

/// Whether a field of this name holds what names or reaches a person.
pub(super) fn is_personal(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    let ends = |pair: [&str; 2]| words.ends_with(&pair.map(ToOwned::to_owned));
    PERSONAL.contains(&last)
        || ends(["first", "name"])
        || ends(["last", "name"])
        || ends(["phone", "number"])
        || ends(["email", "address"])
}

/// Whether a language keeps this word for itself.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// What is wrong with a boolean's name, and which one would do.
pub(super) fn boolean_trouble(name: &str) -> Option<(&'static str, String)> {
    let words = words(name);
    let first = words.first().map_or("", String::as_str);
    let last = words.last().map_or("", String::as_str);
    let rest = |from: usize, to: usize| Case::Camel.of(&words[from..to].join("_"));
    match (first, words.len()) {
        ("not" | "non" | "never", 2..) => Some(("a negation", rest(1, words.len()))),
        ("is", 2..) if words[1] == "not" => {
            Some(("a negation", rest(2.min(words.len() - 1), words.len())))
        }
        ("is", 2..) => Some(("`is`", rest(1, words.len()))),
        (_, 2..) if last == "flag" => Some(("`Flag`", rest(0, words.len() - 1))),
        _ => None,
    }
}

/// Whether a word is a plural, as far as its end tells.
pub(super) fn is_plural(part: &str) -> bool {
    let last = part.rsplit('-').next().unwrap_or(part);
    (last.ends_with('s') && !last.ends_with("ss") && !last.ends_with("us") && !last.ends_with("is"))
        || PLURALS.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_past_and_commands_are_not() {
        for event in [
            "OrderPlaced",
            "SeatsHeld",
            "ReservationCheckedIn",
            "ReservationNoShowed",
            "InvoicePaid",
        ] {
            assert!(is_past(event), "{event}");
        }
        for command in [
            "PlaceOrder",
            "HoldSeats",
            "MarkNoShow",
            "CheckInReservation",
            "CancelReservation",
            "ExpireHold",
            "PositionShip",
            "FeedAnimal",
            "Cancel",
        ] {
            assert!(is_imperative(command), "{command}");
            assert!(!is_past(command), "{command}");
        }
        for noun in [
            "OrderPlacement",
            "Cancellation",
            "ReservationRequestCreated",
            "PlacingOrder",
            "RoomReservation",
            "OrderPlaced",
        ] {
            assert!(!is_imperative(noun), "{noun}");
        }
    }

    #[test]
    fn words_mean_money_time_and_units() {
        assert!(
            is_money("totalAmount")
                && is_money("price")
                && !is_money("priceList")
                && !is_money("feedback")
        );
        assert!(
            is_time("placedAt") && is_time("heldUntil") && !is_time("at") && !is_time("format")
        );
        assert!(is_day("checkInDate") && !is_day("dateFormat"));
        assert!(is_measure("timeout") && !is_measure("timeoutSeconds") && !is_measure("sizeLimit"));
        assert!(
            is_secret("password") && is_secret("cardNumber") && !is_secret("passwordChangedAt")
        );
        assert!(is_personal("contactEmail") && !is_personal("emailId"));
    }

    #[test]
    fn cases_are_told_apart() {
        assert!(
            Case::Pascal.fits("OrderPlaced")
                && !Case::Pascal.fits("orderPlaced")
                && !Case::Pascal.fits("Order_Placed")
        );
        assert!(Case::Camel.fits("orderURL") && !Case::Camel.fits("order_id"));
        assert!(Case::UpperSnake.fits("CHECKED_IN") && !Case::UpperSnake.fits("CheckedIn"));
        assert!(Case::Kebab.fits("order-lines") && !Case::Kebab.fits("orderLines"));
        assert!(
            is_plural("reservations")
                && is_plural("people")
                && !is_plural("address")
                && !is_plural("status")
        );
    }

    #[test]
    fn booleans_are_named_by_what_is_so() {
        assert_eq!(boolean_trouble("isNotReady"), Some(("a negation", "ready".to_owned())));
        assert_eq!(boolean_trouble("isReady"), Some(("`is`", "ready".to_owned())));
        assert_eq!(boolean_trouble("readyFlag"), Some(("`Flag`", "ready".to_owned())));
        assert_eq!(boolean_trouble("notReady"), Some(("a negation", "ready".to_owned())));
        assert_eq!(boolean_trouble("noShow"), None, "a word of its trade");
        assert_eq!(boolean_trouble("guaranteed"), None);
    }
}
