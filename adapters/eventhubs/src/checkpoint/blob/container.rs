//! A container of Azure Blob Storage: empty blobs with metadata.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use azure_core::http::Url;
use futures::TryStreamExt;
use object_store::azure::{MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::path::Path;
use object_store::{
    Attribute, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    RetryConfig, UpdateVersion,
};
use ssectl_adapter::{Error, ErrorKind, Result, is_loopback};

/// The account of the storage emulator, and its key, which is the same everywhere and no secret.
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Names what a blob was when it was last seen.
pub(super) type Version = UpdateVersion;

/// A blob of ours.
pub(super) struct Blob {
    /// The last part of its path.
    pub(super) name: String,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) touched: SystemTime,
    pub(super) version: Version,
}

/// A container; it must be there.
#[derive(Clone)]
pub(crate) struct Container {
    store: Arc<MicrosoftAzure>,
    url: Arc<str>,
}

impl Container {
    /// By its URL. Credentials come from the variables that Azure's tools use (`AZURE_STORAGE_ACCOUNT_KEY`,
    /// `AZURE_STORAGE_SAS_TOKEN`, `AZURE_CLIENT_SECRET` ...), or from a managed identity.
    pub(crate) fn open(url: &str) -> Result<Self> {
        let retries = RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        };
        let mut builder = MicrosoftAzureBuilder::from_env().with_retry(retries);
        builder = match local(url) {
            Some((endpoint, account, container)) => {
                let builder = builder.with_endpoint(endpoint).with_allow_http(true);
                let builder = builder
                    .with_account(&account)
                    .with_container_name(container);
                match account == EMULATOR_ACCOUNT {
                    true => builder.with_access_key(EMULATOR_KEY),
                    false => builder,
                }
            }
            None => builder.with_url(url),
        };
        let store = builder.build().map_err(|error| {
            let what = format!("the container `{url}` cannot be used: {error}");
            Error::new(ErrorKind::Config, what)
        })?;
        Ok(Self {
            store: Arc::new(store),
            url: url.into(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.url
    }

    /// The blobs below a path, with their metadata.
    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<Blob>> {
        let prefix = self.path(prefix)?;
        let listed: object_store::Result<Vec<_>> =
            self.store.list(Some(&prefix)).try_collect().await;
        let listed = listed.map_err(|error| self.failed("listing checkpoints", error))?;
        let mut blobs = Vec::with_capacity(listed.len());
        for found in listed {
            let head = GetOptions {
                head: true,
                ..GetOptions::default()
            };
            let blob = match self.store.get_opts(&found.location, head).await {
                Ok(blob) => blob,
                // Deleted meanwhile.
                Err(object_store::Error::NotFound { .. }) => continue,
                Err(error) => return Err(self.failed("reading a checkpoint", error)),
            };
            let metadata = blob
                .attributes
                .iter()
                .filter_map(|(name, value)| match name {
                    Attribute::Metadata(name) => Some((name.to_lowercase(), value.to_string())),
                    _ => None,
                });
            blobs.push(Blob {
                name: found.location.filename().unwrap_or_default().to_owned(),
                metadata: metadata.collect(),
                touched: blob.meta.last_modified.into(),
                version: Version {
                    e_tag: blob.meta.e_tag,
                    version: blob.meta.version,
                },
            });
        }
        Ok(blobs)
    }

    /// Writes a blob, whatever was there.
    pub(super) async fn put(&self, path: &str, metadata: &[(&'static str, String)]) -> Result<()> {
        self.write(path, metadata, PutMode::Overwrite)
            .await
            .map_err(|error| self.failed("writing a checkpoint", error))
    }

    /// Writes a blob where it is as it was seen, or not there when it was not; false when it is not.
    pub(super) async fn claim(
        &self,
        path: &str,
        metadata: &[(&'static str, String)],
        known: Option<&Version>,
    ) -> Result<bool> {
        let mode = known.map_or(PutMode::Create, |known| PutMode::Update(known.clone()));
        match self.write(path, metadata, mode).await {
            Ok(()) => Ok(true),
            Err(
                object_store::Error::Precondition { .. }
                | object_store::Error::AlreadyExists { .. }
                | object_store::Error::NotFound { .. },
            ) if known.is_some() => Ok(false),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(self.failed("claiming a partition", error)),
        }
    }

    async fn write(
        &self,
        path: &str,
        metadata: &[(&'static str, String)],
        mode: PutMode,
    ) -> object_store::Result<()> {
        let path = Path::parse(path)?;
        let pairs = metadata.iter();
        let attributes =
            pairs.map(|(name, value)| (Attribute::Metadata((*name).into()), value.clone()));
        let options = PutOptions {
            mode,
            attributes: attributes.collect(),
            ..PutOptions::default()
        };
        self.store
            .put_opts(&path, PutPayload::new(), options)
            .await?;
        Ok(())
    }

    /// Deletes a blob; one that is not there is gone already.
    pub(super) async fn delete(&self, path: &str) -> Result<()> {
        match self.store.delete(&self.path(path)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("deleting a checkpoint", error)),
        }
    }

    fn path(&self, path: &str) -> Result<Path> {
        Path::parse(path).map_err(|error| {
            let what = format!("`{path}` is no path of a blob: {error}");
            Error::new(ErrorKind::Config, what)
        })
    }

    fn failed(&self, doing: &str, error: object_store::Error) -> Error {
        use object_store::Error as Store;
        let (kind, temporary) = match &error {
            Store::NotFound { .. } => (ErrorKind::NotFound, false),
            Store::PermissionDenied { .. } => (ErrorKind::Permission, false),
            Store::Unauthenticated { .. } => (ErrorKind::Authentication, false),
            Store::Generic { .. } => (ErrorKind::Unavailable, true),
            _ => (ErrorKind::Other, false),
        };
        let told = Error::new(kind, doing.to_owned()).with("container", &self.url);
        let told = if temporary { told.temporary() } else { told };
        told.caused_by(error)
    }
}

/// Endpoint, account and container of `http://127.0.0.1:10000/ACCOUNT/CONTAINER`, as Azurite has it.
fn local(url: &str) -> Option<(String, String, String)> {
    let url = Url::parse(url).ok()?;
    if !is_loopback(url.host_str()?) {
        return None;
    }
    let mut parts = url.path_segments()?;
    let (account, container) = (parts.next()?, parts.next()?);
    let authority = url.authority();
    Some((
        format!("{}://{authority}/{account}", url.scheme()),
        account.to_owned(),
        container.to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_of_this_machine_name_their_account_in_the_path() {
        let found = local("http://127.0.0.1:10000/devstoreaccount1/checkpoints");
        let (endpoint, account, container) = found.expect("of this machine");
        assert_eq!(endpoint, "http://127.0.0.1:10000/devstoreaccount1");
        assert_eq!((&*account, &*container), (EMULATOR_ACCOUNT, "checkpoints"));
        assert!(local("https://a.blob.core.windows.net/c").is_none());
    }
}
