//! charter-avro
