//! Wire-compatible emulators of the brokers ssectl speaks to.
