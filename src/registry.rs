//! Which adapters this build has: one line per adapter.

use ssectl_adapter::{MemoryAdapter, Registry};

/// All adapters of this build.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add(MemoryAdapter::default());
    #[cfg(feature = "stdio")]
    registry.add(ssectl_adapter_stdio::StdioAdapter::default());
    #[cfg(not(feature = "stdio"))]
    registry.leave_out("stdio");
    #[cfg(feature = "file")]
    registry.add(ssectl_adapter_file::FileAdapter);
    #[cfg(not(feature = "file"))]
    registry.leave_out("file");
    #[cfg(feature = "kafka")]
    registry.add(ssectl_adapter_kafka::adapter());
    #[cfg(not(feature = "kafka"))]
    registry.leave_out("kafka");
    #[cfg(feature = "kinesis")]
    registry.add(ssectl_adapter_kinesis::adapter());
    #[cfg(not(feature = "kinesis"))]
    registry.leave_out("kinesis");
    #[cfg(feature = "pubsub")]
    registry.add(ssectl_adapter_pubsub::adapter());
    #[cfg(not(feature = "pubsub"))]
    registry.leave_out("pubsub");
    #[cfg(feature = "sqs")]
    registry.add(ssectl_adapter_sqs::adapter());
    #[cfg(not(feature = "sqs"))]
    registry.leave_out("sqs");
    #[cfg(feature = "eventhubs")]
    registry.add(ssectl_adapter_eventhubs::adapter());
    #[cfg(not(feature = "eventhubs"))]
    registry.leave_out("eventhubs");
    registry
}
