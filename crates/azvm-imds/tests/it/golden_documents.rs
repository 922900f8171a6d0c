//! Recorded documents, read member by member.

use crate::golden::{ok, response};
use azvm_exchange::{Response, Secret};
use azvm_imds::{
    ApiVersion, EventSource, EventStatus, EventType, Instance, LoadBalancer, Network, Rejection,
    Responder, ScheduledEvents, StorageProfile, UnverifiedAttestedDocument, read_instance,
    read_instance_text, read_probe, read_start_events, read_versions,
};
use std::time::Duration;

const GROUP: &str = "/subscriptions/0a1b2c3d-0000-4000-8000-000000000002/resourceGroups/rg-1";

#[track_caller]
fn check(read: Option<&String>, expected: &str) {
    assert_eq!(read.map(String::as_str), Some(expected));
}

#[test]
fn every_documented_text_of_compute_is_read() {
    let machine = Instance::read(&response("document/instance_full")).unwrap();
    let compute = machine.compute;
    for (read, expected) in [
        (&compute.az_environment, "AZUREPUBLICCLOUD"),
        (&compute.eviction_policy, "Deallocate"),
        (&compute.extended_location.name, "microsoftlosangeles"),
        (&compute.extended_location.kind, "edgeZone"),
        (&compute.host.id, "host-1"),
        (&compute.host_group.id, "group-1"),
        (&compute.license_type, "Windows_Client"),
        (&compute.location, "westus"),
        (&compute.name, "vm-1"),
        (&compute.offer, "UbuntuServer"),
        (&compute.os_profile.computer_name, "vm-1"),
        (&compute.os_type, "Linux"),
        (&compute.physical_zone, "useast-AZ01"),
        (
            &compute.placement_group_id,
            "0a1b2c3d-0000-4000-8000-000000000009",
        ),
        (&compute.plan.name, "planName"),
        (&compute.plan.product, "planProduct"),
        (&compute.plan.publisher, "planPublisher"),
        (&compute.platform_fault_domain, "36"),
        (&compute.platform_sub_fault_domain, "2"),
        (&compute.platform_update_domain, "42"),
        (&compute.priority, "Regular"),
        (&compute.provider, "Microsoft.Compute"),
        (&compute.public_keys[1].key_data, "ssh-rsa 1"),
        (
            &compute.public_keys[1].path,
            "/home/user/.ssh/authorized_keys1",
        ),
        (&compute.publisher, "Canonical"),
        (&compute.resource_group_name, "rg-1"),
        (&compute.security_profile.security_type, "TrustedLaunch"),
        (&compute.sku, "18.04-LTS"),
        (
            &compute.subscription_id,
            "0a1b2c3d-0000-4000-8000-000000000002",
        ),
        (&compute.tags, "baz:bash;foo:bar"),
        (&compute.tags_list[1].name, "foo"),
        (&compute.tags_list[1].value, "bar"),
        (&compute.version, "15.05.22"),
        (&compute.vm_id, "0a1b2c3d-0000-4000-8000-000000000003"),
        (&compute.vm_scale_set_name, "set-1"),
        (&compute.vm_size, "Standard_A3"),
        (&compute.zone, "3"),
        (&machine.extended.compute.pps_type, "None"),
    ] {
        check(read.as_ref(), expected);
    }
    let provider = format!("{GROUP}/providers/Microsoft.Compute");
    check(
        compute.resource_id.as_ref(),
        &format!("{provider}/virtualMachines/vm-1"),
    );
    let set = compute.virtual_machine_scale_set.id;
    check(
        set.as_ref(),
        &format!("{provider}/virtualMachineScaleSets/set-1"),
    );
    assert_eq!(machine.extended.compute.has_custom_data, Some(true));
}

#[test]
fn flags_are_texts_and_read_as_flags() {
    let compute = read_instance(&response("document/instance_full")).unwrap();
    for (flag, expected) in [
        (compute.additional_capabilities.hibernation_enabled, false),
        (compute.is_host_compatibility_layer_vm, true),
        (compute.is_vm_in_standby_pool, false),
        (compute.os_profile.disable_password_authentication, true),
        (compute.security_profile.encryption_at_host, true),
        (compute.security_profile.secure_boot_enabled, true),
        (compute.security_profile.virtual_tpm_enabled, false),
    ] {
        assert_eq!(flag, Some(expected));
    }
}

#[test]
fn what_a_person_may_have_put_secrets_into_is_hidden() {
    let compute = read_instance(&response("document/instance_full")).unwrap();
    let shown = format!("{compute:?} {compute:#?}");
    for (secret, text) in [
        (&compute.user_data, "dXNlcg=="),
        (&compute.custom_data, "Y3VzdG9t"),
        (&compute.os_profile.admin_username, "azureuser"),
    ] {
        assert_eq!(secret.as_ref().map(Secret::expose), Some(text));
        assert!(!shown.contains(text), "{text} is shown in {shown}");
    }
}

#[test]
fn the_image_is_read() {
    let storage = read_instance(&response("document/instance_full"))
        .unwrap()
        .storage_profile;
    let image = &storage.image_reference;
    for (read, expected) in [
        (
            &image.community_gallery_image_id,
            "/CommunityGalleries/testgallery/Images/1804Gen2/Versions/latest",
        ),
        (
            &image.shared_gallery_image_id,
            "/SharedGalleries/1P/Images/gen2/Versions/latest",
        ),
        (&image.exact_version, "1.1686127202.30113"),
        (&image.offer, "UbuntuServer"),
        (&image.publisher, "Canonical"),
        (&image.sku, "16.04.0-LTS"),
        (&image.version, "latest"),
    ] {
        check(read.as_ref(), expected);
    }
    assert_eq!(image.id, None);
    assert_eq!(storage.resource_disk.size_kb, Some(4096));
}

#[test]
fn the_disk_of_the_operating_system_is_read() {
    let compute = read_instance(&response("document/instance_full")).unwrap();
    let os = compute.storage_profile.os_disk;
    let keys = &os.encryption_settings;
    for (read, expected) in [
        (&os.caching, "ReadWrite"),
        (&os.create_option, "FromImage"),
        (&os.diff_disk_settings.option, "Local"),
        (
            &os.image.uri,
            "https://store.blob.core.windows.net/images/os.vhd",
        ),
        (&os.managed_disk.storage_account_type, "StandardSSD_LRS"),
        (&os.name, "os-1"),
        (&os.os_type, "Linux"),
        (
            &os.vhd.uri,
            "https://store.blob.core.windows.net/vhds/os.vhd",
        ),
        (
            &keys.disk_encryption_key.url,
            "https://kv-1.vault.azure.net/secrets/disk/1",
        ),
        (
            &keys.key_encryption_key.url,
            "https://kv-2.vault.azure.net/keys/wrap/1",
        ),
    ] {
        check(read.as_ref(), expected);
    }
    let vault = keys.key_encryption_key.source_vault.id.as_ref();
    check(
        vault,
        &format!("{GROUP}/providers/Microsoft.KeyVault/vaults/kv-2"),
    );
    check(
        os.managed_disk.id.as_ref(),
        &format!("{GROUP}/providers/Microsoft.Compute/disks/os-1"),
    );
    assert_eq!((os.disk_size_gb, keys.enabled), (Some(30), Some(false)));
    assert_eq!(os.write_accelerator_enabled, Some(false));
}

#[test]
fn the_data_disks_are_read() {
    let compute = read_instance(&response("document/instance_full")).unwrap();
    let storage = compute.storage_profile;
    let [disk] = &storage.data_disks[..] else {
        panic!("{:?}", storage.data_disks);
    };
    assert_eq!((disk.lun, disk.disk_size_gb), (Some(0), Some(1024)));
    assert_eq!(disk.disk_capacity_bytes, Some(274_877_906_944));
    assert_eq!(disk.bytes_per_second_throttle, Some(979_202_048));
    assert_eq!(disk.ops_per_second_throttle, Some(65_280));
    assert_eq!(
        (disk.is_shared_disk, disk.is_ultra_disk),
        (Some(false), Some(true))
    );
    assert_eq!((&disk.image.uri, &disk.vhd.uri), (&None, &None));
    check(
        disk.managed_disk.storage_account_type.as_ref(),
        "UltraSSD_LRS",
    );
}

#[test]
fn the_interfaces_are_read_from_the_whole_and_from_the_part() {
    let machine = Instance::read(&response("document/instance_full")).unwrap();
    let network = Network::read(&response("document/network")).unwrap();
    assert_eq!(machine.network, network);
    let [first, second] = &network.interfaces[..] else {
        panic!("{network:?}");
    };
    for (read, expected) in [
        (&first.ipv4.ip_addresses[0].private_ip_address, "10.1.0.4"),
        (&first.ipv4.ip_addresses[0].public_ip_address, "203.0.113.7"),
        (&first.ipv4.ip_address_blocks[0].address, "10.1.0.16"),
        (&first.ipv4.subnets[0].address, "10.1.0.0"),
        (
            &first.ipv6.ip_addresses[0].private_ip_address,
            "2001:db8::4",
        ),
        (&first.mac_address, "000D3AF806EC"),
        (&second.mac_address, "000D3AF806ED"),
    ] {
        check(read.as_ref(), expected);
    }
    assert_eq!(first.ipv4.subnets[0].prefix, Some(24));
    assert_eq!(first.ipv4.ip_address_blocks[0].prefix, Some(28));
    assert!(second.ipv4.ip_addresses.is_empty() && second.ipv6.ip_addresses.is_empty());
}

#[test]
fn an_odd_member_of_the_document_costs_no_other() {
    let machine = Instance::read(&response("document/instance_odd")).unwrap();
    let compute = machine.compute;
    assert_eq!(compute.is_vm_in_standby_pool, Some(false));
    check(compute.name.as_ref(), "7");
    check(compute.platform_fault_domain.as_ref(), "0");
    check(
        compute.vm_id.as_ref(),
        "0a1b2c3d-0000-4000-8000-000000000003",
    );
    assert_eq!((compute.location, compute.zone), (None, None));
    assert!(compute.public_keys.is_empty() && compute.tags_list.is_empty());
    assert_eq!(compute.os_profile.computer_name, None);
    let [disk] = &compute.storage_profile.data_disks[..] else {
        panic!("{:?}", compute.storage_profile);
    };
    assert_eq!((disk.lun, disk.disk_size_gb), (Some(1), Some(32)));
    assert_eq!(compute.storage_profile.resource_disk.size_kb, None);
    assert!(machine.network.interfaces.is_empty());
    let storage = StorageProfile::read(&ok(r#"{"resourceDisk":{"size":7}}"#)).unwrap();
    assert_eq!(storage.resource_disk.size_kb, Some(7));
}

#[test]
fn texts_of_a_document_are_fit_to_be_shown_and_data_is_kept() {
    let body = r#"{"compute":{"name":"a\u001b[2Jb","tags":"a:\n\u0007;b:c","publicKeys":[{"keyData":"KEY"}]}}"#;
    let body = body.replace("KEY", &"eyJ".repeat(400));
    let compute = read_instance(&ok(&body)).unwrap();
    check(compute.name.as_ref(), "a [2Jb");
    check(compute.tags.as_ref(), "a:\n\u{7};b:c");
    let key = compute.public_keys[0].key_data.as_ref();
    assert_eq!(key.map(String::len), Some(1200));
}

#[test]
fn a_leaf_is_text_as_it_came() {
    let text = |name: &str| read_instance_text(&response(name));
    assert_eq!(
        text("document/leaf").as_deref(),
        Ok("0a1b2c3d-0000-4000-8000-000000000003")
    );
    assert_eq!(text("document/leaf_empty").as_deref(), Ok(""));
    assert_eq!(
        text("error/instance_not_found").map_err(|error| error.summary()),
        Err("404 Not found".into())
    );
    assert_eq!(
        text("token/html").map_err(|error| error.summary()),
        Err("the body is a page and no value".into())
    );
    let latin = Response::new(200, vec![], vec![0xe9]);
    assert_eq!(
        read_instance_text(&latin).map_err(|error| error.summary()),
        Err("the body is not UTF-8".into())
    );
}

#[test]
fn the_attested_document_is_decoded_and_not_verified() {
    let document = UnverifiedAttestedDocument::read(&response("document/attested")).unwrap();
    assert_eq!(document.encoding(), Some("pkcs7"));
    let signature = document.unverified_signature();
    assert_eq!(
        (signature.len(), &signature[..4]),
        (26, &[0x30, 0x82, 0x04, 0x12][..])
    );
    let shown = format!("{document:?}");
    assert!(
        shown.contains("signature_bytes: 26") && !shown.contains("48"),
        "{shown}"
    );
}

#[test]
fn a_signature_may_be_broken_into_lines_but_not_otherwise() {
    let read = |signature: &str| {
        let body = format!(r#"{{"encoding":"other","signature":{signature}}}"#);
        UnverifiedAttestedDocument::read(&ok(&body))
            .map(|document| document.unverified_signature().to_vec())
            .map_err(|error| error.summary())
    };
    for signature in [r#""MI\r\nIE""#, r#""MIIE""#, r#"" MIIE ""#] {
        assert_eq!(read(signature), Ok(vec![0x30, 0x82, 0x04]), "{signature}");
    }
    assert_eq!(
        read(r#""MIIEEg""#).unwrap().len(),
        4,
        "padding may be left out"
    );
    for absent in ["null", "\"\"", "[]", "\" \""] {
        assert_eq!(
            read(absent),
            Err("the document has no signature".into()),
            "{absent}"
        );
    }
    for broken in [r#""M""#, r#""MI-_""#, r#""MII=E""#, "7"] {
        assert_eq!(
            read(broken),
            Err("the signature is not base64".into()),
            "{broken}"
        );
    }
    let limit = 32 * 1024 / 3 * 4;
    assert!(read(&format!("\"{}\"", "A".repeat(limit))).is_ok());
    assert_eq!(
        read(&format!("\"{}\"", "A".repeat(limit + 4))),
        Err("the signature is longer than 32 KiB".into())
    );
}

#[test]
fn scheduled_events_are_read() {
    let read = ScheduledEvents::read(&response("document/scheduled_events")).unwrap();
    assert_eq!(read.incarnation, Some(2));
    let [reboot, freeze] = &read.events[..] else {
        panic!("{read:?}");
    };
    assert_eq!(
        reboot.id.as_ref().map(|id| id.as_str()),
        Some("602d9444-d2cd-49c7-8624-8643e7171297")
    );
    assert_eq!(reboot.event_type, Some(EventType::Reboot));
    assert_eq!(reboot.status, Some(EventStatus::Scheduled));
    assert_eq!(reboot.source, Some(EventSource::Platform));
    assert_eq!(reboot.resources, ["FrontEnd_IN_0", "BackEnd_IN_0"]);
    check(reboot.resource_type.as_ref(), "VirtualMachine");
    check(
        reboot.description.as_ref(),
        "Host server is undergoing maintenance.",
    );
    let starts = reboot.starts_after().map(|time| time.unix_seconds());
    assert_eq!(starts, Some(1_474_309_787));
    assert_eq!(
        (reboot.duration_in_seconds, reboot.duration()),
        (Some(-1), None)
    );
    assert_eq!(freeze.status, Some(EventStatus::Started));
    assert_eq!((&freeze.not_before, freeze.starts_after()), (&None, None));
    assert_eq!(freeze.duration(), Some(Duration::from_secs(5)));
    let none = ScheduledEvents::read(&response("document/scheduled_events_none")).unwrap();
    assert!(none.events.is_empty());
    assert_eq!(
        read_start_events(&response("document/start_events")),
        Ok(())
    );
}

#[test]
fn unknown_values_of_an_event_are_kept_as_text() {
    let read = ScheduledEvents::read(&response("document/scheduled_events_odd")).unwrap();
    assert_eq!(read.incarnation, Some(3));
    let [event] = &read.events[..] else {
        panic!("{read:?}");
    };
    assert_eq!(event.event_type, Some(EventType::Other("Hibernate".into())));
    assert_eq!(
        event.status.as_ref().map(EventStatus::as_str),
        Some("Paused")
    );
    assert_eq!(
        event.source.as_ref().map(ToString::to_string).as_deref(),
        Some("Robot")
    );
    assert_eq!((&event.id, event.starts_after()), (&None, None));
    check(event.not_before.as_ref(), "soon");
    assert_eq!(event.duration(), Some(Duration::from_secs(9)));
    assert_eq!(event.resources, ["vm-1"]);
    assert_eq!("FREEZE".parse(), Ok(EventType::Freeze));
}

#[test]
fn an_answer_that_says_nothing_of_events_is_not_taken_for_none() {
    for body in ["{}", r#"{"events":[]}"#, r#"{"compute":{}}"#] {
        let error = ScheduledEvents::read(&ok(body)).unwrap_err();
        assert_eq!(
            error.summary(),
            "the body is no list of scheduled events",
            "{body}"
        );
    }
}

#[test]
fn the_load_balancer_is_read() {
    let read = LoadBalancer::read(&response("document/load_balancer")).unwrap();
    check(
        read.public_ip_addresses[0].frontend_ip_address.as_ref(),
        "51.0.0.1",
    );
    check(
        read.public_ip_addresses[0].private_ip_address.as_ref(),
        "10.1.0.4",
    );
    assert_eq!(
        (read.inbound_rules.len(), read.outbound_rules.len()),
        (2, 2)
    );
    let rule = &read.inbound_rules[1];
    check(rule.frontend_ip_address.as_ref(), "2603:10e1:100:2::1:1");
    check(rule.private_ip_address.as_ref(), "ace:cab:deca:deed::1");
    check(rule.protocol.as_ref(), "tcp");
    assert_eq!(
        (rule.frontend_port, rule.backend_port),
        (Some(80), Some(443))
    );
    check(
        read.outbound_rules[0].frontend_ip_address.as_ref(),
        "50.0.0.1",
    );
    let odd =
        ok(r#"{"loadbalancer":{"inboundRules":[{"frontendPort":"80","backendPort":70000}]}}"#);
    let read = LoadBalancer::read(&odd).unwrap();
    assert_eq!(read.inbound_rules[0].frontend_port, Some(80));
    assert_eq!(read.inbound_rules[0].backend_port, None);
}

#[test]
fn the_newest_version_is_picked_from_either_list() {
    let listed = read_versions(&response("document/versions")).unwrap();
    assert_eq!(ApiVersion::newest(&listed), "2025-04-07".parse().ok());
    let refused = Rejection::read(&response("error/version_older"));
    assert_eq!(
        ApiVersion::newest(refused.newest_versions()),
        "2020-09-01".parse().ok()
    );
    let odd = ok(r#"{"apiVersions":["2021-02-01",7,null,["x"]]}"#);
    assert_eq!(read_versions(&odd).unwrap(), ["2021-02-01", "7"]);
}

#[test]
fn a_probe_is_answered_by_a_refusal_of_imds() {
    assert_eq!(
        read_probe(&response("error/header_missing")),
        Ok(Responder::Imds)
    );
    for (name, expected) in [
        ("error/throttled", "429"),
        ("error/docker_desktop", "403"),
        ("error/proxy_407", "407"),
        ("error/guest_proxy_agent", "403"),
        (
            "document/versions",
            "IMDS refuses a request without its header",
        ),
    ] {
        let error = read_probe(&response(name)).unwrap_err();
        assert_eq!(error.summary(), expected, "{name}");
    }
}
