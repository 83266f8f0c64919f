//! One conformance suite that every ssectl adapter passes.
