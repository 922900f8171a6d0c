//! `compute`: the VM, its image, its operating system.

use super::StorageProfile;
use crate::document::document;
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::Secret;

document! {
    /// The `compute` part of the instance document; see [`Instance`](crate::Instance) for what holds for all members.
    ///
    /// `Debug` hides the user data, the custom data and the name of the administrator.
    pub struct Compute {
        /// `additionalCapabilities` (from api-version 2021-11-01).
        additional_capabilities: AdditionalCapabilities = object("additionalCapabilities"),
        /// `azEnvironment`: `AzurePublicCloud`, `AzureUSGovernmentCloud`, …; its case varies.
        az_environment: Option<String> = text("azEnvironment"),
        /// `customData`: no longer filled, superseded by [`user_data`](Self::user_data).
        custom_data: Option<Secret> = secret("customData"),
        /// `evictionPolicy` of a Spot VM.
        eviction_policy: Option<String> = text("evictionPolicy"),
        /// `extendedLocation`: an edge zone (2021-03-01).
        extended_location: ExtendedLocation = object("extendedLocation"),
        /// `host`: the dedicated host (2021-11-15). A VM has a host or a host group, not both.
        host: Host = object("host"),
        /// `hostGroup` (2021-11-15).
        host_group: Host = object("hostGroup"),
        /// `isHostCompatibilityLayerVm` (2020-06-01).
        is_host_compatibility_layer_vm: Option<bool> = flag("isHostCompatibilityLayerVm"),
        /// `isVmInStandbyPool`.
        is_vm_in_standby_pool: Option<bool> = flag("isVmInStandbyPool"),
        /// `licenseType`, with Azure Hybrid Benefit only (2020-09-01).
        license_type: Option<String> = text("licenseType"),
        /// `location`.
        location: Option<String> = text("location"),
        /// `name` of the VM.
        name: Option<String> = text("name"),
        /// `offer` of the image.
        offer: Option<String> = text("offer"),
        /// `osProfile` (2020-07-15).
        os_profile: OsProfile = object("osProfile"),
        /// `osType`: `Linux` or `Windows`.
        os_type: Option<String> = text("osType"),
        /// `physicalZone` (2023-11-15).
        physical_zone: Option<String> = text("physicalZone"),
        /// `placementGroupId` of the scale set.
        placement_group_id: Option<String> = text("placementGroupId"),
        /// `plan` of a Marketplace image.
        plan: Plan = object("plan"),
        /// `platformFaultDomain`.
        platform_fault_domain: Option<String> = text("platformFaultDomain"),
        /// `platformSubFaultDomain` (2021-10-01).
        platform_sub_fault_domain: Option<String> = text("platformSubFaultDomain"),
        /// `platformUpdateDomain`.
        platform_update_domain: Option<String> = text("platformUpdateDomain"),
        /// `priority`: `Regular` or `Spot` (2020-12-01). One of the documentation's samples writes `Priority`.
        priority: Option<String> = text("priority", "Priority"),
        /// `provider`: `Microsoft.Compute`.
        provider: Option<String> = text("provider"),
        /// `publicKeys`: what may log in by SSH.
        public_keys: Vec<PublicKey> = list("publicKeys"),
        /// `publisher` of the image.
        publisher: Option<String> = text("publisher"),
        /// `resourceGroupName`; its case may differ from that in other APIs.
        resource_group_name: Option<String> = text("resourceGroupName"),
        /// `resourceId` of the VM (2019-03-11).
        resource_id: Option<String> = text("resourceId"),
        /// `securityProfile` (2020-06-01).
        security_profile: SecurityProfile = object("securityProfile"),
        /// `sku` of the image.
        sku: Option<String> = text("sku"),
        /// `storageProfile`: image and disks (2019-06-01).
        storage_profile: StorageProfile = object("storageProfile"),
        /// `subscriptionId`.
        subscription_id: Option<String> = text("subscriptionId"),
        /// `tags` as one text, `name:value;name:value`. A name or value may hold either separator:
        /// [`tags_list`](Self::tags_list) is the one to read.
        tags: Option<String> = data("tags"),
        /// `tagsList` (2019-06-04).
        tags_list: Vec<Tag> = list("tagsList"),
        /// `userData` in base64 (2021-01-01). Readable for every process of the VM, and often a script with passwords all
        /// the same.
        user_data: Option<Secret> = secret("userData"),
        /// `version` of the image.
        version: Option<String> = text("version"),
        /// `virtualMachineScaleSet`: a scale set of flexible orchestration (2021-03-01).
        virtual_machine_scale_set: ScaleSet = object("virtualMachineScaleSet"),
        /// `vmId`.
        vm_id: Option<String> = text("vmId"),
        /// `vmScaleSetName`.
        vm_scale_set_name: Option<String> = text("vmScaleSetName"),
        /// `vmSize`.
        vm_size: Option<String> = text("vmSize"),
        /// `zone`.
        zone: Option<String> = text("zone"),
    }

    /// `additionalCapabilities`.
    pub struct AdditionalCapabilities {
        /// `hibernationEnabled`.
        hibernation_enabled: Option<bool> = flag("hibernationEnabled"),
    }

    /// `extendedLocation`.
    pub struct ExtendedLocation {
        /// `name`.
        name: Option<String> = text("name"),
        /// `type`: `edgeZone`.
        kind: Option<String> = text("type"),
    }

    /// `host` or `hostGroup`.
    pub struct Host {
        /// `id`.
        id: Option<String> = text("id"),
    }

    /// `osProfile`.
    pub struct OsProfile {
        /// `adminUsername`. Half of what is needed to log in, so `Debug` hides it.
        admin_username: Option<Secret> = secret("adminUsername"),
        /// `computerName`.
        computer_name: Option<String> = text("computerName"),
        /// `disablePasswordAuthentication`, on Linux only.
        disable_password_authentication: Option<bool> = flag("disablePasswordAuthentication"),
    }

    /// `plan`.
    pub struct Plan {
        /// `name`.
        name: Option<String> = text("name"),
        /// `product`.
        product: Option<String> = text("product"),
        /// `publisher`.
        publisher: Option<String> = text("publisher"),
    }

    /// One of `publicKeys`.
    pub struct PublicKey {
        /// `keyData`, as in `authorized_keys`.
        key_data: Option<String> = data("keyData"),
        /// `path` of the file that holds it.
        path: Option<String> = data("path"),
    }

    /// `securityProfile`.
    pub struct SecurityProfile {
        /// `encryptionAtHost` (2021-11-01).
        encryption_at_host: Option<bool> = flag("encryptionAtHost"),
        /// `secureBootEnabled`.
        secure_boot_enabled: Option<bool> = flag("secureBootEnabled"),
        /// `securityType`: `TrustedLaunch`, `ConfidentialVM`, … (2021-12-13).
        security_type: Option<String> = text("securityType"),
        /// `virtualTpmEnabled`.
        virtual_tpm_enabled: Option<bool> = flag("virtualTpmEnabled"),
    }

    /// One of `tagsList`.
    pub struct Tag {
        /// `name`.
        name: Option<String> = data("name"),
        /// `value`; `None` for an empty one.
        value: Option<String> = data("value"),
    }

    /// `virtualMachineScaleSet`.
    pub struct ScaleSet {
        /// `id`: its resource ID.
        id: Option<String> = text("id"),
    }

    /// `extended.compute`.
    pub struct ExtendedCompute {
        /// `hasCustomData`.
        has_custom_data: Option<bool> = flag("hasCustomData"),
        /// `ppsType`: how the VM was provisioned ahead, `None`, `Running`, `Savable`, …
        pps_type: Option<String> = text("ppsType"),
    }
}
