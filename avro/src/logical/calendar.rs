//! The proleptic Gregorian calendar over all of `i64`, in days from 1970-01-01.
//! (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".)

/// Days in 400 years.
const ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// Year, month from 1 and day from 1 of a day. The day must lie 2⁶² days at most from the epoch.
pub(super) fn civil(day: i64) -> (i64, u8, u8) {
    let shifted = day + EPOCH;
    let era = shifted.div_euclid(ERA);
    let day_of_era = shifted.rem_euclid(ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months counted from March, so that the leap day comes last.
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month.to_le_bytes()[0], day.to_le_bytes()[0])
}

/// The day of a date; none if the calendar does not have it. The year must lie 2⁵⁰ years at most from 0.
pub(super) fn day(year: i64, month: u8, day: u8) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > length(year, month) {
        return None;
    }
    let (month, day) = (i64::from(month), i64::from(day));
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * ERA + day_of_era - EPOCH)
}

fn length(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::{civil, day};

    #[test]
    fn known_days() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(-1), (1969, 12, 31));
        assert_eq!(civil(-719_528), (0, 1, 1));
        assert_eq!(day(2024, 2, 29), Some(19_782));
        assert_eq!(day(2023, 2, 29), None);
        assert_eq!(day(1900, 2, 29), None);
        assert_eq!(day(2000, 2, 29), Some(11_016));
        assert_eq!(day(2026, 13, 1), None);
        assert_eq!(day(2026, 4, 31), None);
    }

    #[test]
    fn every_day_of_a_thousand_years_comes_back() {
        let mut before = civil(-200_001);
        for number in -200_000..200_000 {
            let date = civil(number);
            assert!(date > before, "{date:?} follows {before:?}");
            assert_eq!(day(date.0, date.1, date.2), Some(number));
            before = date;
        }
    }
}
