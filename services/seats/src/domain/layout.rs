//! A show's seats, counted instead of listed: a seat's name is parsed into an ordinal by arithmetic, so
//! that a show of 100,000 seats takes no more memory than its sections.

use std::collections::HashMap;
use std::fmt;

use contract_seat::Section;

/// A seat's place in its show: sections in the order given, rows within them, numbers within those;
/// from 0.
pub(crate) type Ordinal = u32;

/// A seat's id taken apart: `{section}-row-{row}-seat-{number}`.
///
/// A section's id may itself look like a seat's, so the id is read from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeatId<'a> {
    pub(crate) section: &'a str,
    /// From 1.
    pub(crate) row: u32,
    /// From 1.
    pub(crate) number: u32,
}

impl<'a> SeatId<'a> {
    /// Takes `id` apart; `None` where it is no seat's id. Numbers are plain: no sign, no leading zero.
    pub(crate) fn parse(id: &'a str) -> Option<Self> {
        let (rest, number) = id.rsplit_once("-seat-")?;
        let (section, row) = rest.rsplit_once("-row-")?;
        let (row, number) = (counted(row)?, counted(number)?);
        (!section.is_empty()).then_some(Self { section, row, number })
    }
}

impl fmt::Display for SeatId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-row-{}-seat-{}", self.section, self.row, self.number)
    }
}

/// A number from 1, written the one way that seat ids write it.
fn counted(digits: &str) -> Option<u32> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}

/// How many seats a section has; 0 where a count is below 1.
pub(crate) fn seats_of(section: &Section) -> u64 {
    u64::from(count(section.rows)) * u64::from(count(section.seats_per_row))
}

/// The ids of all seats of a section, row by row.
pub(crate) fn seat_ids(section: &Section) -> impl Iterator<Item = String> {
    let seats_per_row = count(section.seats_per_row);
    (1..=count(section.rows)).flat_map(move |row| {
        let seat = move |number| SeatId { section: &section.section_id, row, number }.to_string();
        (1..=seats_per_row).map(seat)
    })
}

fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

/// The sections of a show with the ordinals of their first seats.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    blocks: Vec<Block>,
    by_section: HashMap<String, usize>,
}

#[derive(Clone, Debug, PartialEq)]
struct Block {
    section: String,
    rows: u32,
    seats_per_row: u32,
    first: Ordinal,
}

impl Layout {
    /// The layout of these sections. A section whose seats go past the range of [`Ordinal`] is not part
    /// of it; the decider admits far fewer seats.
    pub(crate) fn new(sections: &[Section]) -> Self {
        let mut layout = Self { blocks: Vec::new(), by_section: HashMap::new() };
        let mut first: Ordinal = 0;
        for section in sections {
            let seats = Ordinal::try_from(seats_of(section)).ok();
            let Some(next) = seats.and_then(|seats| first.checked_add(seats)) else { continue };
            layout.by_section.insert(section.section_id.clone(), layout.blocks.len());
            layout.blocks.push(Block {
                section: section.section_id.clone(),
                rows: count(section.rows),
                seats_per_row: count(section.seats_per_row),
                first,
            });
            first = next;
        }
        layout
    }

    /// The seat with this id; `None` where the show has no such seat.
    pub(crate) fn ordinal(&self, id: &str) -> Option<Ordinal> {
        let seat = SeatId::parse(id)?;
        let block = &self.blocks[*self.by_section.get(seat.section)?];
        let known = seat.row <= block.rows && seat.number <= block.seats_per_row;
        known.then(|| block.first + (seat.row - 1) * block.seats_per_row + (seat.number - 1))
    }

    /// The id of a seat of this layout; `None` for an ordinal past its end.
    pub(crate) fn seat_id(&self, ordinal: Ordinal) -> Option<String> {
        let after = self.blocks.partition_point(|block| block.first <= ordinal);
        // Blocks without seats share their first ordinal with the block after them: the last one counts.
        let block = self.blocks.get(after.checked_sub(1)?)?;
        let index = ordinal - block.first;
        let row = index.checked_div(block.seats_per_row)?;
        let number = index % block.seats_per_row;
        let seat = SeatId { section: &block.section, row: row + 1, number: number + 1 };
        (row < block.rows).then(|| seat.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(id: &str, rows: i32, seats_per_row: i32) -> Section {
        Section { section_id: id.to_owned(), rows, seats_per_row }
    }

    #[test]
    fn an_id_is_read_from_its_end() {
        let seat = SeatId::parse("a-row-1-seat-2-row-3-seat-4");
        assert_eq!(seat, Some(SeatId { section: "a-row-1-seat-2", row: 3, number: 4 }));
    }

    #[test]
    fn an_id_is_written_one_way_only() {
        for id in [
            "a-row-01-seat-1",
            "a-row-1-seat-+1",
            "a-row-0-seat-1",
            "a-row-1-seat-",
            "-row-1-seat-1",
            "a-row-1",
            "a-seat-1-row-1",
            "a-row-1-seat-4294967296",
            "a-row-1-seat-١",
        ] {
            assert_eq!(SeatId::parse(id), None, "{id}");
        }
    }

    #[test]
    fn every_seat_of_a_stadium_has_its_own_ordinal_and_its_id_back() {
        let sections =
            [section("north", 400, 125), section("empty", 0, 9), section("south-row-1", 500, 100)];
        let layout = Layout::new(&sections);
        let ids: Vec<String> = sections.iter().flat_map(seat_ids).collect();
        assert_eq!(ids.len(), 100_000);
        for (expected, id) in (0..).zip(&ids) {
            assert_eq!(layout.ordinal(id), Some(expected));
            assert_eq!(layout.seat_id(expected).as_ref(), Some(id));
        }
        assert_eq!(layout.seat_id(100_000), None);
    }

    #[test]
    fn a_seat_past_its_row_is_none_of_the_next_row() {
        let layout = Layout::new(&[section("a", 2, 3)]);
        assert_eq!(layout.ordinal("a-row-1-seat-4"), None);
        assert_eq!(layout.ordinal("a-row-3-seat-1"), None);
        assert_eq!(layout.ordinal("b-row-1-seat-1"), None);
        assert_eq!(layout.ordinal("a-row-2-seat-3"), Some(5));
    }

    #[test]
    fn counts_below_one_are_no_seats() {
        assert_eq!(seats_of(&section("a", -5, -5)), 0);
        assert_eq!(seat_ids(&section("a", -5, 5)).count(), 0);
    }

    #[test]
    fn a_section_out_of_range_is_left_out() {
        let layout = Layout::new(&[section("a", i32::MAX, i32::MAX), section("b", 1, 1)]);
        assert_eq!(layout.ordinal("a-row-2147483647-seat-2147483647"), None);
        assert_eq!(layout.ordinal("b-row-1-seat-1"), Some(0));
    }
}
