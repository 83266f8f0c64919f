//! Makes Rust types of the `.proto` files that the feature `pubsub` needs.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(feature = "pubsub")]
    pubsub::generate()?;
    Ok(())
}

#[cfg(feature = "pubsub")]
mod pubsub {
    use std::error::Error;
    use std::path::PathBuf;
    use std::{env, fs};

    /// Google's files, unchanged, and what they import.
    const FILES: [&str; 4] = [
        "google/iam/v1/iam_policy.proto",
        "google/pubsub/v1/pubsub.proto",
        "google/rpc/error_details.proto",
        "google/rpc/status.proto",
    ];

    /// Writes the types, and the descriptors that JSON and the REST routes are taken from.
    pub(crate) fn generate() -> Result<(), Box<dyn Error>> {
        println!("cargo::rerun-if-changed=proto");
        let out = PathBuf::from(env::var("OUT_DIR")?);
        let mut compiler = protox::Compiler::new(["proto"])?;
        compiler.include_imports(true).open_files(FILES)?;
        fs::write(
            out.join("descriptors.bin"),
            compiler.encode_file_descriptor_set(),
        )?;
        prost_build::Config::new()
            .bytes(["."])
            .btree_map(["."])
            .disable_comments(["."])
            .enable_type_names()
            // A message is delivered as the bytes that are in the log.
            .extern_path(
                ".google.pubsub.v1.ReceivedMessage",
                "crate::pubsub::received::ReceivedMessage",
            )
            .compile_fds(compiler.file_descriptor_set())?;
        Ok(())
    }
}
