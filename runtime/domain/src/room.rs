//! Rooms: what whoever joins one sees of an aggregate, its rows first and then its events. Generated code says which
//! there are; [`Hidden`] keeps what the contract calls private back.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{ColumnError, ColumnValue, Table, View};

/// A kind of rooms: one room for each aggregate that gets its events.
#[derive(Debug)]
pub struct Room {
    /// The name with holes, as in the contract: `show:{showId}`.
    pub template: &'static str,
    /// The name's parts, in order. The first one is a text that no other kind's name begins with.
    pub parts: &'static [RoomPart],
    /// The wire types of the events that are sent there.
    pub events: &'static [&'static str],
    /// The rows that are shown before the first event.
    pub loads: &'static [Load],
}

/// A part of a room's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomPart {
    /// Text.
    Text(&'static str),
    /// The value with this index of the aggregate's key.
    Key(usize),
    /// The same where it is a UUID, written as in RFC 9562 section 4.
    Uuid(usize),
}

/// The rows of one view that a room shows: those of its aggregate.
#[derive(Debug)]
pub struct Load {
    /// What they are called in the message: `seats`.
    pub name: &'static str,
    /// Whether they are shown again when they have changed.
    pub is_live: bool,
    /// The view's table.
    pub table: &'static Table,
    /// The columns that hold the values of the aggregate's key, in the key's order.
    pub key: &'static [&'static str],
    /// The JSON of a row.
    pub item: fn(Vec<ColumnValue>, &Hidden) -> Result<String, ColumnError>,
    /// What is not shown of a row.
    pub hidden: &'static Hidden,
}

/// The fields of a record that are not shown, and those of the records in it.
#[derive(Debug)]
pub struct Hidden {
    /// Fields that are left out.
    pub fields: &'static [&'static str],
    /// Fields that hold records of which something is not shown.
    pub within: &'static [Within],
}

/// A field that holds records of which something is not shown.
#[derive(Debug)]
pub struct Within {
    /// The field.
    pub field: &'static str,
    /// What is around the records, from the outside.
    pub through: &'static [Around],
    /// What is not shown of them.
    pub hidden: &'static Hidden,
}

/// What may be around a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// A list of them.
    List,
    /// A map to them.
    Map,
}

/// An event as a room gets it.
#[derive(Clone, Debug)]
pub struct Broadcast {
    /// Where it is sent.
    pub room: &'static Room,
    /// The payload's JSON, without what is hidden.
    pub payload: String,
}

impl Room {
    /// The values of the aggregate's key in the name of one of these rooms; `None` where it is none.
    ///
    /// A value may hold the text that follows it; the first place where that text stands ends it.
    #[must_use]
    pub fn key_of(&self, name: &str) -> Option<Vec<String>> {
        let mut values = vec![String::new(); self.key_len()];
        let mut rest = name;
        for (index, part) in self.parts.iter().enumerate() {
            let (place, is_uuid) = match *part {
                RoomPart::Text(text) => {
                    rest = rest.strip_prefix(text)?;
                    continue;
                }
                RoomPart::Key(place) => (place, false),
                RoomPart::Uuid(place) => (place, true),
            };
            let end = match self.parts.get(index + 1) {
                Some(RoomPart::Text(text)) => rest.find(text)?,
                Some(RoomPart::Key(_) | RoomPart::Uuid(_)) | None => rest.len(),
            };
            let (value, behind) = rest.split_at(end);
            if value.is_empty() {
                return None;
            }
            values[place] = if is_uuid {
                value.parse::<Uuid>().ok()?.hyphenated().to_string()
            } else {
                value.to_owned()
            };
            rest = behind;
        }
        rest.is_empty().then_some(values)
    }

    /// The name of the room of the aggregate with these key values.
    #[must_use]
    pub fn name(&self, key: &[String]) -> String {
        let parts = self.parts.iter().map(|part| match *part {
            RoomPart::Text(text) => text,
            RoomPart::Key(place) | RoomPart::Uuid(place) => {
                key.get(place).map_or("", String::as_str)
            }
        });
        parts.collect()
    }

    fn key_len(&self) -> usize {
        self.parts.iter().filter(|part| !matches!(part, RoomPart::Text(_))).count()
    }
}

impl Hidden {
    /// Everything is shown.
    pub const NOTHING: Self = Self { fields: &[], within: &[] };

    /// The JSON of a value, a record of which this is not shown.
    ///
    /// # Panics
    /// Where the value has no JSON form, which every generated record has.
    #[must_use]
    pub fn json(&self, value: &impl Serialize) -> String {
        const PLAIN: &str = "a generated record has a JSON form";
        if self.fields.is_empty() && self.within.is_empty() {
            return serde_json::to_string(value).expect(PLAIN);
        }
        let mut value = serde_json::to_value(value).expect(PLAIN);
        self.leave_out(&mut value);
        value.to_string()
    }

    /// Takes out of a record's JSON what is not shown of it.
    pub fn leave_out(&self, value: &mut Value) {
        let Value::Object(members) = value else { return };
        for field in self.fields {
            members.shift_remove(*field);
        }
        for within in self.within {
            if let Some(value) = members.get_mut(within.field) {
                within.hidden.leave_out_of(within.through, value);
            }
        }
    }

    fn leave_out_of(&self, through: &[Around], value: &mut Value) {
        match (through.split_first(), value) {
            (None, value) => self.leave_out(value),
            (Some((Around::List, inner)), Value::Array(items)) => {
                for item in items {
                    self.leave_out_of(inner, item);
                }
            }
            (Some((Around::Map, inner)), Value::Object(members)) => {
                for member in members.values_mut() {
                    self.leave_out_of(inner, member);
                }
            }
            // Null, where the field is optional.
            (Some((Around::List | Around::Map, _)), _) => {}
        }
    }
}

impl Broadcast {
    /// An event for `room`, without what is hidden of it.
    #[must_use]
    pub fn new(room: &'static Room, event: &impl Serialize, hidden: &Hidden) -> Self {
        Self { room, payload: hidden.json(event) }
    }
}

/// The JSON of a row of `V` without what is hidden of it: for [`Load::item`].
///
/// # Errors
/// Where the values are not the row's.
pub fn item<V: View + Serialize>(
    values: Vec<ColumnValue>,
    hidden: &Hidden,
) -> Result<String, ColumnError> {
    Ok(hidden.json(&V::from_values(values)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const fn room(parts: &'static [RoomPart]) -> Room {
        Room { template: "", parts, events: &[], loads: &[] }
    }

    fn key(room: &Room, name: &str) -> Option<Vec<String>> {
        let key = room.key_of(name)?;
        // What is read from a name leads back to it.
        assert_eq!(room.name(&key).to_lowercase(), name.to_lowercase());
        Some(key)
    }

    #[test]
    fn a_name_tells_its_aggregate() {
        let show = room(&[RoomPart::Text("show:"), RoomPart::Key(0)]);
        assert_eq!(key(&show, "show:a:b"), Some(vec!["a:b".to_owned()]));
        assert_eq!(key(&show, "show:"), None);
        assert_eq!(key(&show, "hall:a"), None);
        let two = room(&[
            RoomPart::Text("x:"),
            RoomPart::Key(1),
            RoomPart::Text("/"),
            RoomPart::Uuid(0),
            RoomPart::Text("!"),
        ]);
        let uuid = "01934F6E-7c1b-7d2a-9a55-0c7b7b6f1d20";
        let expected = vec![uuid.to_lowercase(), "k".to_owned()];
        assert_eq!(key(&two, &format!("x:k/{uuid}!")), Some(expected));
        for wrong in ["x:k/1!", "x:k", &format!("x:k/{uuid}"), &format!("x:k/{uuid}!?")] {
            assert_eq!(two.key_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_hidden_is_left_out_at_any_depth() {
        static LEAF: Hidden = Hidden {
            fields: &["secret"],
            within: &[Within { field: "next", through: &[], hidden: &LEAF }],
        };
        static ROOT: Hidden = Hidden {
            fields: &["holderId"],
            within: &[
                Within { field: "list", through: &[Around::List, Around::Map], hidden: &LEAF },
                Within { field: "none", through: &[Around::List], hidden: &LEAF },
            ],
        };
        let value = json!({
            "b": 1, "holderId": "x", "a": {"secret": "shown, it is another record"},
            "list": [{"k": {"secret": 1, "c": 2, "next": {"secret": 3, "next": null}}}],
            "none": null,
        });
        let text = ROOT.json(&value);
        let expected = r#"{"b":1,"a":{"secret":"shown, it is another record"},"list":[{"k":{"c":2,"next":{"next":null}}}],"none":null}"#;
        assert_eq!(text, expected);
        assert_eq!(Hidden::NOTHING.json(&json!({"a": 1})), r#"{"a":1}"#);
    }
}
