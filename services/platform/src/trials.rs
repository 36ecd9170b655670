//! What there is to try once the platform has started.

/// Three `curl` lines that work as pasted.
pub(crate) fn lines(gateway: &str) -> String {
    format!(
        r#"Open a show, hold a seat, and see a second buyer refused:

  curl -s -H 'Prefer: wait=10' -H 'Content-Type: application/json' {gateway}/v1/shows -d '{{"showId":"spring-concert","title":"Spring concert","sections":[{{"sectionId":"up-section-1","rows":20,"seatsPerRow":25}}]}}'
  curl -s -H 'Prefer: wait=10' -H 'Content-Type: application/json' {gateway}/v1/shows/spring-concert/holds -d '{{"seatIds":["up-section-1-row-1-seat-1"],"holderId":"buyer-1"}}'
  curl -s -H 'Prefer: wait=10' -H 'Content-Type: application/json' {gateway}/v1/shows/spring-concert/holds -d '{{"seatIds":["up-section-1-row-1-seat-1"],"holderId":"buyer-2"}}'

"#
    )
}
