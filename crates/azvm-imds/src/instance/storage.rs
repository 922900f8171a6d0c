//! `compute.storageProfile`: the image and the disks.

use crate::document::document;
use alloc::string::String;
use alloc::vec::Vec;

document! {
    /// `storageProfile` (from api-version 2019-06-01).
    pub struct StorageProfile {
        /// `dataDisks`.
        data_disks: Vec<DataDisk> = list("dataDisks"),
        /// `imageReference`.
        image_reference: ImageReference = object("imageReference"),
        /// `osDisk`.
        os_disk: OsDisk = object("osDisk"),
        /// `resourceDisk`: the local temporary disk.
        resource_disk: ResourceDisk = object("resourceDisk"),
    }

    /// `imageReference`: an image of the platform or the Marketplace, or one of a gallery.
    pub struct ImageReference {
        /// `communityGalleryImageId` (2023-07-01).
        community_gallery_image_id: Option<String> = text("communityGalleryImageId"),
        /// `exactVersion` of an image of a gallery (2023-07-01).
        exact_version: Option<String> = text("exactVersion"),
        /// `id`.
        id: Option<String> = text("id"),
        /// `offer`.
        offer: Option<String> = text("offer"),
        /// `publisher`.
        publisher: Option<String> = text("publisher"),
        /// `sharedGalleryImageId` (2023-07-01).
        shared_gallery_image_id: Option<String> = text("sharedGalleryImageId"),
        /// `sku`.
        sku: Option<String> = text("sku"),
        /// `version`, which may be `latest`.
        version: Option<String> = text("version"),
    }

    /// `osDisk`.
    pub struct OsDisk {
        /// `caching`: `None`, `ReadOnly` or `ReadWrite`.
        caching: Option<String> = text("caching"),
        /// `createOption`.
        create_option: Option<String> = text("createOption"),
        /// `diffDiskSettings`: `option` is `Local` for an ephemeral disk.
        diff_disk_settings: DiffDiskSettings = object("diffDiskSettings"),
        /// `diskSizeGB`.
        disk_size_gb: Option<u64> = number("diskSizeGB"),
        /// `encryptionSettings` (2021-11-01).
        encryption_settings: DiskEncryption = object("encryptionSettings"),
        /// `image`: the source of an unmanaged disk.
        image: VirtualHardDisk = object("image"),
        /// `managedDisk`.
        managed_disk: ManagedDisk = object("managedDisk"),
        /// `name`.
        name: Option<String> = text("name"),
        /// `osType`.
        os_type: Option<String> = text("osType"),
        /// `vhd`: the file of an unmanaged disk.
        vhd: VirtualHardDisk = object("vhd"),
        /// `writeAcceleratorEnabled`.
        write_accelerator_enabled: Option<bool> = flag("writeAcceleratorEnabled"),
    }

    /// One of `dataDisks`. The three members about throughput and bytes are there for Ultra Disks only.
    pub struct DataDisk {
        /// `bytesPerSecondThrottle`.
        bytes_per_second_throttle: Option<u64> = number("bytesPerSecondThrottle"),
        /// `caching`.
        caching: Option<String> = text("caching"),
        /// `createOption`.
        create_option: Option<String> = text("createOption"),
        /// `diffDiskSettings`.
        diff_disk_settings: DiffDiskSettings = object("diffDiskSettings"),
        /// `diskCapacityBytes`.
        disk_capacity_bytes: Option<u64> = number("diskCapacityBytes"),
        /// `diskSizeGB`.
        disk_size_gb: Option<u64> = number("diskSizeGB"),
        /// `encryptionSettings`.
        encryption_settings: DiskEncryption = object("encryptionSettings"),
        /// `image`.
        image: VirtualHardDisk = object("image"),
        /// `isSharedDisk`.
        is_shared_disk: Option<bool> = flag("isSharedDisk"),
        /// `isUltraDisk`.
        is_ultra_disk: Option<bool> = flag("isUltraDisk"),
        /// `lun`: the logical unit number.
        lun: Option<u32> = number("lun"),
        /// `managedDisk`.
        managed_disk: ManagedDisk = object("managedDisk"),
        /// `name`.
        name: Option<String> = text("name"),
        /// `opsPerSecondThrottle`.
        ops_per_second_throttle: Option<u64> = number("opsPerSecondThrottle"),
        /// `osType`.
        os_type: Option<String> = text("osType"),
        /// `vhd`.
        vhd: VirtualHardDisk = object("vhd"),
        /// `writeAcceleratorEnabled`.
        write_accelerator_enabled: Option<bool> = flag("writeAcceleratorEnabled"),
    }

    /// `diffDiskSettings`.
    pub struct DiffDiskSettings {
        /// `option`.
        option: Option<String> = text("option"),
    }

    /// `managedDisk`.
    pub struct ManagedDisk {
        /// `id`: its resource ID.
        id: Option<String> = text("id"),
        /// `storageAccountType`: `Premium_LRS`, …
        storage_account_type: Option<String> = text("storageAccountType"),
    }

    /// `image` or `vhd`.
    pub struct VirtualHardDisk {
        /// `uri`.
        uri: Option<String> = text("uri"),
    }

    /// `resourceDisk`.
    pub struct ResourceDisk {
        /// `size` in kilobytes; 0 for a VM without one.
        size_kb: Option<u64> = number("size"),
    }

    /// `encryptionSettings`: where the keys are, not the keys.
    pub struct DiskEncryption {
        /// `enabled`.
        enabled: Option<bool> = flag("enabled"),
        /// `diskEncryptionKey`.
        disk_encryption_key: KeyReference = object("diskEncryptionKey"),
        /// `keyEncryptionKey`.
        key_encryption_key: KeyReference = object("keyEncryptionKey"),
    }

    /// `diskEncryptionKey` or `keyEncryptionKey`.
    pub struct KeyReference {
        /// `secretUrl` or `keyUrl` in a key vault.
        url: Option<String> = text("secretUrl", "keyUrl"),
        /// `sourceVault`.
        source_vault: SourceVault = object("sourceVault"),
    }

    /// `sourceVault`.
    pub struct SourceVault {
        /// `id`: the resource ID of the key vault.
        id: Option<String> = text("id"),
    }
}
