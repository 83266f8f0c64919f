//! Schemas.
use super::error::not_found;
use super::proto::pubsub as pb;
use crate::store::{Store, StoreError};
use tonic::Status;
/// All schemas.
#[derive(Debug, Default)]
pub(super) struct Schemas;
impl Schemas {
    pub(super) fn open(_store: &Store) -> Result<Self, StoreError> {
        Ok(Self)
    }
    pub(super) fn reset(&self, _store: &Store) -> Result<(), StoreError> {
        Ok(())
    }
    pub(super) fn contains(&self, _name: &str) -> bool {
        false
    }
    pub(super) fn check_settings(&self, settings: &pb::SchemaSettings) -> Result<(), Status> {
        Err(not_found(&settings.schema))
    }
    pub(super) fn stamp(
        &self,
        settings: &pb::SchemaSettings,
        _m: &mut [pb::PubsubMessage],
    ) -> Result<(), Status> {
        Err(not_found(&settings.schema))
    }
}
