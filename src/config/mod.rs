//! Configuration: targets and defaults, in layers that remember where each value comes from.
