//! Who we are in Entra ID.

use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::error::{Error, ErrorKind};
use azure_identity::{
    ClientSecretCredential, DeveloperToolsCredential, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
};

use crate::config::Credential;

/// The credential of that kind; `auto` goes by the variables that are set.
pub(super) fn find(kind: Credential) -> azure_core::Result<Arc<dyn TokenCredential>> {
    match kind {
        Credential::Auto => find(choose(|name| variable(name).is_some())),
        Credential::Environment => {
            let secret = Secret::new(required("AZURE_CLIENT_SECRET")?);
            let (tenant, client) = (required("AZURE_TENANT_ID")?, required("AZURE_CLIENT_ID")?);
            Ok(ClientSecretCredential::new(&tenant, client, secret, None)?)
        }
        Credential::Workload => Ok(WorkloadIdentityCredential::new(None)?),
        Credential::Managed => {
            let options = ManagedIdentityCredentialOptions {
                user_assigned_id: variable("AZURE_CLIENT_ID").map(UserAssignedId::ClientId),
                ..ManagedIdentityCredentialOptions::default()
            };
            Ok(ManagedIdentityCredential::new(Some(options))?)
        }
        Credential::Developer => Ok(DeveloperToolsCredential::new(None)?),
    }
}

/// The order of Microsoft's own chains. The identity of a virtual machine shows in no variable, and
/// must be asked for by name.
fn choose(set: impl Fn(&str) -> bool) -> Credential {
    if set("AZURE_CLIENT_SECRET") {
        Credential::Environment
    } else if set("AZURE_FEDERATED_TOKEN_FILE") {
        Credential::Workload
    } else if set("IDENTITY_ENDPOINT") || set("MSI_ENDPOINT") {
        Credential::Managed
    } else {
        Credential::Developer
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &'static str) -> azure_core::Result<String> {
    let missing = || Error::with_message(ErrorKind::Credential, format!("`{name}` is not set"));
    variable(name).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_choose_the_credential() {
        for (names, chosen) in [
            (
                &["AZURE_CLIENT_SECRET", "IDENTITY_ENDPOINT"][..],
                Credential::Environment,
            ),
            (&["AZURE_FEDERATED_TOKEN_FILE"], Credential::Workload),
            (&["IDENTITY_ENDPOINT"], Credential::Managed),
            (&["AZURE_CLIENT_ID"], Credential::Developer),
        ] {
            assert_eq!(choose(|name| names.contains(&name)), chosen, "{names:?}");
        }
    }
}
