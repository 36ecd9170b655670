//! The services as they are run, everything real, driven through their API: the platform as a newcomer runs
//! it, one process, and each service as processes of its own on Apache Kafka and PostgreSQL.

#[path = "../support/mod.rs"]
mod support;

mod access;
#[cfg(all(feature = "kafka", feature = "postgres"))]
mod apart;
mod backup;
mod client;
mod compose;
mod consistency;
mod contract;
mod deploy;
mod gateway;
mod housekeeping;
mod http;
mod idempotency;
mod limits;
mod logs;
mod metrics;
mod operations;
mod process;
mod proxy;
mod push;
mod reservation;
mod seat;
mod settings;
mod socket;
mod traces;
mod waiting;

use support::world::World;

/// What must hold wherever the services run: a test each on a platform of its own here, and all of them on
/// one cluster in [`apart`].
macro_rules! scenarios {
    ($($module:ident::$name:ident,)*) => {
        mod embedded {
            $(#[test]
            fn $name() {
                crate::$module::$name(&mut crate::World::embedded());
            })*
        }

        #[cfg(all(feature = "kafka", feature = "postgres"))]
        const SCENARIOS: &[(&str, fn(&mut World))] = &[$((stringify!($name), $module::$name),)*];
    };
}

scenarios! {
    client::seats_are_held_refused_confirmed_and_released,
    client::a_room_is_joined_left_and_joined_again_where_it_was,
    client::a_stay_is_reserved_and_changed,
    consistency::no_read_is_stale_after_a_kill,
    contract::the_served_documents_are_the_contract,
    contract::answers_keep_the_contract,
    gateway::every_violation_is_named_at_once,
    gateway::a_request_that_cannot_be_read_is_told_why,
    gateway::a_command_is_accepted_and_its_outcome_found_where_the_answer_says,
    gateway::the_correlation_id_comes_back_in_every_answer,
    http::a_view_that_did_not_change_is_answered_with_304,
    http::pages_are_linked,
    http::what_is_not_spoken_here_is_refused,
    http::methods_are_named,
    http::a_change_may_build_on_a_sequence,
    http::a_trace_goes_on,
    http::a_head_that_is_too_large_is_refused_with_a_problem,
    http::answers_are_compressed_for_who_takes_it,
    idempotency::a_repeat_gets_the_first_outcome_byte_for_byte,
    housekeeping::a_room_that_a_guest_leaves_is_cleaned_and_inspected,
    housekeeping::rooms_to_clean_survive_kill_9,
    push::a_room_shows_its_rows_and_then_its_events,
    push::a_client_that_comes_back_misses_nothing_and_sees_nothing_twice,
    push::a_room_that_is_none_is_refused,
    reservation::the_last_room_is_given_once,
    reservation::a_reservation_goes_its_way,
    reservation::tenants_do_not_see_each_other,
    reservation::a_reservation_without_id_gets_one_that_a_repeat_gets_too,
    socket::a_socket_sends_commands_and_sees_what_became_of_them,
    socket::a_socket_that_comes_back_misses_nothing_and_sees_nothing_twice,
    seat::a_second_buyer_is_refused_and_told_which_seat_is_taken,
    seat::a_seat_given_back_can_be_held_again,
    seat::a_hold_ends_by_itself,
    seat::pages_of_seats_follow_each_other_without_gap_or_repeat,
    seat::what_was_accepted_is_there_after_kill_9,
    traces::one_trace_goes_from_a_request_to_the_views_it_changes,
    traces::what_is_not_sampled_leaves_no_span,
}
