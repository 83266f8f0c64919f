//! The contract every ssectl adapter implements.
