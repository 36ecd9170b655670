//! Which traces are recorded: OpenTelemetry's samplers, by their names.

use std::sync::OnceLock;

use super::TracesError;

pub(super) const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
pub(super) const SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";

static CHOSEN: OnceLock<Sampler> = OnceLock::new();

/// Which traces are recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sampler {
    /// Of those that begin here, what part, 0 to 1.
    ratio: f64,
    /// Whether of those that a caller began the ones are that it says.
    heeds_callers: bool,
}

/// Takes the sampler of this name; `parentbased_always_on` where none is given, as OpenTelemetry has it.
pub(super) fn choose(name: Option<&str>, argument: Option<&str>) -> Result<(), TracesError> {
    let sampler = Sampler::of(name, argument)?;
    // A second one, as in tests, leaves the first in place.
    let _ = CHOSEN.set(sampler);
    Ok(())
}

/// Whether a trace that begins here is recorded.
pub(crate) fn samples(trace: u128) -> bool {
    CHOSEN.get().is_some_and(|sampler| sampler.takes(trace))
}

/// Whether a caller's word counts that its trace is recorded, or is not.
pub(crate) fn heeds_callers() -> bool {
    CHOSEN.get().is_none_or(|sampler| sampler.heeds_callers)
}

impl Sampler {
    fn of(name: Option<&str>, argument: Option<&str>) -> Result<Self, TracesError> {
        let name = name.unwrap_or("parentbased_always_on");
        let (root, heeds_callers) = match name.strip_prefix("parentbased_") {
            Some(root) => (root, true),
            None => (name, false),
        };
        let ratio = match root {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => ratio(argument)?,
            _ => {
                let expected = "`always_on`, `always_off` or `traceidratio`, or one of these with `parentbased_` before it";
                return Err(TracesError {
                    name: SAMPLER,
                    expected: expected.to_owned(),
                    found: name.to_owned(),
                });
            }
        };
        Ok(Self { ratio, heeds_callers })
    }

    /// By the trace's lower half, as OpenTelemetry's other libraries do it, so that they agree on a trace.
    fn takes(self, trace: u128) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
        let lower = trace as u64 >> 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a part of 2^63, which is exact"
        )]
        let bound = (self.ratio * (1_u64 << 63) as f64) as u64;
        lower < bound
    }
}

fn ratio(argument: Option<&str>) -> Result<f64, TracesError> {
    let Some(text) = argument else { return Ok(1.0) };
    let ratio = text.parse::<f64>().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| TracesError {
        name: SAMPLER_ARG,
        expected: "a part of the traces, 0 to 1, such as `0.05`".to_owned(),
        found: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, argument: &str) -> Result<Sampler, String> {
        let argument = Some(argument).filter(|argument| !argument.is_empty());
        Sampler::of(Some(name), argument).map_err(|error| error.to_string())
    }

    #[test]
    fn samplers_have_opentelemetrys_names() {
        let sampler = |ratio, heeds_callers| Ok(Sampler { ratio, heeds_callers });
        assert_eq!(Sampler::of(None, None).ok(), sampler(1.0, true).ok());
        assert_eq!(of("always_off", ""), sampler(0.0, false));
        assert_eq!(of("parentbased_always_off", ""), sampler(0.0, true));
        assert_eq!(of("traceidratio", "0.25"), sampler(0.25, false));
        assert_eq!(of("parentbased_traceidratio", ""), sampler(1.0, true));
        for (name, argument) in
            [("jaeger_remote", ""), ("", ""), ("traceidratio", "2"), ("traceidratio", "NaN")]
        {
            assert!(of(name, argument).is_err(), "{name} {argument}");
        }
    }

    #[test]
    fn a_ratio_takes_its_part_of_the_traces() {
        let quarter = of("traceidratio", "0.25").expect("a sampler");
        assert!(quarter.takes(0x3fff_ffff_ffff_ffff) && !quarter.takes(0x4000_0000_0000_0000));
        let (all, none) = (of("always_on", "").expect("one"), of("always_off", "").expect("one"));
        assert!(all.takes(u128::MAX) && !none.takes(1));
    }
}
