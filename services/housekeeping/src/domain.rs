//! The rules of a cleaning: what becomes of a room after its guest has left. Pure: time comes from the context.

use charter_domain::{Context, Decider};
use contract_housekeeping::{
    CleaningRequested, CleaningStatus, Housekeeping, HousekeepingCommand, HousekeepingEvent,
    HousekeepingRejection, RoomCleaned, RoomInspected,
};

/// The state of one cleaning: nothing before its first event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleanings {
    status: Option<CleaningStatus>,
}

impl Decider for Cleanings {
    type Contract = Housekeeping;

    fn decide(
        &self,
        command: &HousekeepingCommand,
        context: &Context,
    ) -> Result<Vec<HousekeepingEvent>, HousekeepingRejection> {
        let status = self.status.ok_or(HousekeepingRejection::CleaningUnknown);
        let occurred_at = context.time();
        let event = match command {
            HousekeepingCommand::RequestCleaning(_) if self.status.is_some() => {
                return Ok(Vec::new());
            }
            HousekeepingCommand::RequestCleaning(command) => CleaningRequested {
                property_id: command.property_id.clone(),
                reservation_id: command.reservation_id,
                room_type_id: command.room_type_id.clone(),
                left_at: command.left_at,
                occurred_at,
            }
            .into(),
            HousekeepingCommand::CleanRoom(command) => match status? {
                CleaningStatus::Clean | CleaningStatus::Inspected => return Ok(Vec::new()),
                CleaningStatus::Dirty => RoomCleaned {
                    property_id: command.property_id.clone(),
                    reservation_id: command.reservation_id,
                    occurred_at,
                }
                .into(),
            },
            HousekeepingCommand::InspectRoom(command) => match (status?, command.passed) {
                (CleaningStatus::Dirty, _) => return Err(HousekeepingRejection::RoomDirty),
                (CleaningStatus::Inspected, true) => return Ok(Vec::new()),
                // A room that was found in order may be found otherwise later.
                (CleaningStatus::Clean, _) | (CleaningStatus::Inspected, false) => RoomInspected {
                    property_id: command.property_id.clone(),
                    reservation_id: command.reservation_id,
                    passed: command.passed,
                    occurred_at,
                }
                .into(),
            },
        };
        Ok(vec![event])
    }

    fn evolve(&mut self, event: &HousekeepingEvent) {
        self.status = Some(status_after(event));
    }
}

/// Where a cleaning stands after `event`.
pub(crate) fn status_after(event: &HousekeepingEvent) -> CleaningStatus {
    match event {
        HousekeepingEvent::RoomCleaned(_) => CleaningStatus::Clean,
        HousekeepingEvent::RoomInspected(inspected) if inspected.passed => {
            CleaningStatus::Inspected
        }
        HousekeepingEvent::CleaningRequested(_) | HousekeepingEvent::RoomInspected(_) => {
            CleaningStatus::Dirty
        }
    }
}
