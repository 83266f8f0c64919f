//! The Python modules that compiled pipelines import.

/// Their names and texts. They stand beside the compiled pipeline.
pub const RUNTIME: &[(&str, &str)] = &[
    ("ssectl_beam.py", include_str!("../runtime/ssectl_beam.py")),
    (
        "ssectl_source.py",
        include_str!("../runtime/ssectl_source.py"),
    ),
    (
        "ssectl_aggregates.py",
        include_str!("../runtime/ssectl_aggregates.py"),
    ),
];
