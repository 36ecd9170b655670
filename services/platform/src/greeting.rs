//! What the platform says when it has started: where everything is, and three lines to try.

use crate::platform::Addresses;

/// Addresses and three `curl` lines that work as pasted.
pub(crate) fn greeting(addresses: &Addresses) -> String {
    let Addresses { gateway, registry, data_dir, durability } = addresses;
    format!(
        r#"Charter platform

  gateway   {gateway}   (open it in a browser; contract /openapi.json, state /health/ready, metrics /metrics)
  registry  {registry}
  data      {data_dir}   ({durability})

Open a show, hold a seat, and see a second buyer refused:

  curl -s -H 'Prefer: wait=10' -H 'Content-Type: application/json' {gateway}/v1/shows -d '{{"showId":"spring-concert","title":"Spring concert","sections":[{{"sectionId":"up-section-1","rows":20,"seatsPerRow":25}}]}}'
  curl -s -H 'Prefer: wait=10' -H 'Content-Type: application/json' {gateway}/v1/shows/spring-concert/holds -d '{{"seatIds":["up-section-1-row-1-seat-1"],"holderId":"buyer-1"}}'
  curl -s -H 'Prefer: wait=10' -H 'Content-Type: application/json' {gateway}/v1/shows/spring-concert/holds -d '{{"seatIds":["up-section-1-row-1-seat-1"],"holderId":"buyer-2"}}'

"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_addresses_and_three_lines_to_try() {
        let said = greeting(&Addresses {
            gateway: "http://127.0.0.1:8080".to_owned(),
            registry: "http://127.0.0.1:8081".to_owned(),
            data_dir: "data".to_owned(),
            durability: "survives the loss of power",
        });
        assert_eq!(said.lines().filter(|line| line.trim_start().starts_with("curl ")).count(), 3);
        assert!(said.contains("  registry  http://127.0.0.1:8081\n"), "{said}");
    }
}
