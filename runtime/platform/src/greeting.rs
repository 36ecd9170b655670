//! What the platform says when it has started: where everything is, and what to try.

use crate::platform::Addresses;

/// Addresses, and the lines to try.
pub(crate) fn greeting(addresses: &Addresses, trials: fn(&str) -> String) -> String {
    let Addresses { gateway, registry, data_dir, durability } = addresses;
    let trials = trials(gateway);
    format!(
        r"Charter platform

  gateway   {gateway}   (open it in a browser; contract /openapi.json, state /health/ready, metrics /metrics)
  registry  {registry}
  data      {data_dir}   ({durability})

{trials}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_addresses_and_what_to_try() {
        let addresses = Addresses {
            gateway: "http://127.0.0.1:8080".to_owned(),
            registry: "http://127.0.0.1:8081".to_owned(),
            data_dir: "data".to_owned(),
            durability: "survives the loss of power",
        };
        let said = greeting(&addresses, |gateway| format!("  curl {gateway}/v1/orders\n"));
        assert!(said.contains("  registry  http://127.0.0.1:8081\n"), "{said}");
        assert!(said.ends_with("\n\n  curl http://127.0.0.1:8080/v1/orders\n"), "{said}");
    }
}
