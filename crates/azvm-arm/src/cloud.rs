//! The clouds: where ARM is and which audiences it accepts.

use core::fmt;

/// A public or sovereign cloud of Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cloud {
    /// Azure operated by 21Vianet.
    China,
    /// The cloud everybody means by *Azure*.
    Public,
    /// Azure Government.
    UsGovernment,
}

struct Row {
    /// As IMDS has it in `azEnvironment`, then as the Azure CLI has it, then a short form.
    names: [&'static str; 3],
    endpoint: &'static str,
    authority: &'static str,
    /// The first one is asked for. ARM accepts all, with and without the slash: its own 401 lists them.
    audiences: [&'static str; 4],
}

impl Cloud {
    /// All of them, the public one first.
    pub const ALL: [Self; 3] = [Self::Public, Self::UsGovernment, Self::China];

    /// Finds a cloud by the `azEnvironment` of IMDS (`AzurePublicCloud`), the Azure CLI's name (`AzureCloud`) or a
    /// short one (`public`, `usgovernment`, `china`), whatever the case.
    pub fn from_name(name: &str) -> Option<Self> {
        let is_named = |cloud: &Self| {
            cloud
                .row()
                .names
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        };
        Self::ALL.into_iter().find(is_named)
    }

    /// The name as IMDS has it in `azEnvironment`.
    pub fn name(self) -> &'static str {
        self.row().names[0]
    }

    /// The origin of ARM.
    pub fn endpoint(self) -> &'static str {
        self.row().endpoint
    }

    /// The host that issues tokens.
    pub fn authority(self) -> &'static str {
        self.row().authority
    }

    /// The audience to ask a token for.
    pub fn audience(self) -> &'static str {
        self.row().audiences[0]
    }

    /// The audience that ARM names itself by: the older one, with a slash. It is accepted like the others.
    pub fn canonical_audience(self) -> &'static str {
        self.row().audiences[2]
    }

    /// Every audience that ARM accepts in this cloud.
    pub fn audiences(self) -> [&'static str; 4] {
        self.row().audiences
    }

    /// The cloud whose ARM accepts this audience.
    pub fn of_audience(audience: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|cloud| cloud.audiences().contains(&audience))
    }

    fn row(self) -> &'static Row {
        match self {
            Self::China => &CHINA,
            Self::Public => &PUBLIC,
            Self::UsGovernment => &US_GOVERNMENT,
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

static PUBLIC: Row = Row {
    names: ["AzurePublicCloud", "AzureCloud", "public"],
    endpoint: "https://management.azure.com",
    authority: "login.microsoftonline.com",
    audiences: [
        "https://management.azure.com/",
        "https://management.azure.com",
        "https://management.core.windows.net/",
        "https://management.core.windows.net",
    ],
};

static US_GOVERNMENT: Row = Row {
    names: [
        "AzureUSGovernmentCloud",
        "AzureUSGovernment",
        "usgovernment",
    ],
    endpoint: "https://management.usgovcloudapi.net",
    authority: "login.microsoftonline.us",
    audiences: [
        "https://management.usgovcloudapi.net/",
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/",
        "https://management.core.usgovcloudapi.net",
    ],
};

static CHINA: Row = Row {
    names: ["AzureChinaCloud", "AzureChina", "china"],
    endpoint: "https://management.chinacloudapi.cn",
    authority: "login.chinacloudapi.cn",
    audiences: [
        "https://management.chinacloudapi.cn/",
        "https://management.chinacloudapi.cn",
        "https://management.core.chinacloudapi.cn/",
        "https://management.core.chinacloudapi.cn",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_is_found_whatever_the_case() {
        assert_eq!(Cloud::from_name("AZUREPUBLICCLOUD"), Some(Cloud::Public));
        assert_eq!(
            Cloud::from_name("AzureUSGovernment"),
            Some(Cloud::UsGovernment)
        );
        assert_eq!(Cloud::from_name("china"), Some(Cloud::China));
        assert_eq!(Cloud::from_name("AzureGermanCloud"), None);
        assert_eq!(Cloud::from_name(""), None);
    }

    #[test]
    fn every_cloud_asks_for_an_audience_of_its_own() {
        for cloud in Cloud::ALL {
            assert_eq!(Cloud::of_audience(cloud.audience()), Some(cloud));
            assert_eq!(Cloud::of_audience(cloud.canonical_audience()), Some(cloud));
            assert!(
                cloud
                    .canonical_audience()
                    .starts_with("https://management.core.")
            );
            assert_eq!(Cloud::from_name(cloud.name()), Some(cloud));
        }
    }
}
