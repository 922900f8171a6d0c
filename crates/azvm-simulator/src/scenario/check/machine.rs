//! The VM of a scenario file: interfaces, scale set, instance metadata, scheduled events.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Map, Value};
use toml::Spanned;

use super::Checker;
use crate::scenario::file;
use crate::world::{Event, Interface, ScaleSet, Vm};
use crate::{ScenarioError, World};

impl Checker<'_> {
    pub(super) fn machine(&self, vm: &file::Vm, group_id: &str) -> Result<Vm, ScenarioError> {
        let name = self.segment(&vm.name, "name")?;
        let compute_id = format!("{group_id}/providers/Microsoft.Compute");
        let mut resource_id = format!("{compute_id}/virtualMachines/{name}");
        let scale_set = match &vm.scale_set {
            None => None,
            Some(set) => {
                let name = self.segment(&set.name, "name")?;
                let set_id = format!("{compute_id}/virtualMachineScaleSets/{name}");
                if let Some(instance) = set.uniform_instance {
                    resource_id = format!("{set_id}/virtualMachines/{instance}");
                }
                Some(ScaleSet {
                    name,
                    resource_id: set_id,
                    is_uniform: set.uniform_instance.is_some(),
                })
            }
        };
        let compute = match &vm.compute {
            None => Map::new(),
            Some(compute) => {
                self.texts(compute)?;
                compute.get_ref().clone()
            }
        };
        Ok(Vm {
            name,
            id: self.guid(&vm.id, "id")?,
            size: vm
                .size
                .clone()
                .unwrap_or_else(|| DEFAULT_VM_SIZE.to_owned()),
            resource_id,
            interfaces: self.interfaces(vm)?,
            scale_set,
            compute,
        })
    }

    /// IMDS has no numbers and no booleans.
    fn texts(&self, compute: &Spanned<Map<String, Value>>) -> Result<(), ScenarioError> {
        fn first_other(value: &Value) -> Option<&Value> {
            match value {
                Value::String(_) => None,
                Value::Array(items) => items.iter().find_map(first_other),
                Value::Object(members) => members.values().find_map(first_other),
                Value::Null | Value::Bool(_) | Value::Number(_) => Some(value),
            }
        }
        match compute.get_ref().values().find_map(first_other) {
            None => Ok(()),
            Some(other) => {
                let message =
                    format!("every value in instance metadata is text: write \"{other}\"");
                Err(self.error(compute, message))
            }
        }
    }

    fn interfaces(&self, vm: &file::Vm) -> Result<Vec<Interface>, ScenarioError> {
        if vm.interfaces.is_empty() {
            let private_ip = match &vm.private_ip {
                None => DEFAULT_PRIVATE_IP.to_owned(),
                Some(ip) => self.ipv4(ip, "private_ip")?,
            };
            return Ok(vec![Interface {
                mac: DEFAULT_MAC.to_owned(),
                private_ips: vec![private_ip],
                public_ip: String::new(),
                subnet: DEFAULT_SUBNET.to_owned(),
                prefix: DEFAULT_PREFIX.to_string(),
                ipv6: Vec::new(),
            }]);
        }
        if let Some(ip) = &vm.private_ip {
            let message = "the interfaces have the addresses: leave out private_ip";
            return Err(self.error(ip, message));
        }
        vm.interfaces
            .iter()
            .map(|interface| self.interface(interface))
            .collect()
    }

    fn interface(&self, file: &file::Interface) -> Result<Interface, ScenarioError> {
        let mac = file.mac.get_ref();
        if mac.len() != 12 || !mac.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message = "mac has to be twelve hexadecimal digits without separators";
            return Err(self.error(&file.mac, message));
        }
        let mut private_ips = vec![self.ipv4(&file.private_ip, "private_ip")?];
        for ip in &file.further_ips {
            private_ips.push(self.ipv4(ip, "an address of further_ips")?);
        }
        for ip in &file.ipv6 {
            if ip.parse::<IpAddr>().is_err() {
                return Err(self.error(&file.mac, format!("'{ip}' is no IP address")));
            }
        }
        Ok(Interface {
            mac: mac.to_ascii_uppercase(),
            private_ips,
            public_ip: file.public_ip.clone(),
            subnet: file
                .subnet
                .clone()
                .unwrap_or_else(|| DEFAULT_SUBNET.to_owned()),
            prefix: file.prefix.unwrap_or(DEFAULT_PREFIX).to_string(),
            ipv6: file.ipv6.clone(),
        })
    }

    fn ipv4(&self, ip: &Spanned<String>, member: &str) -> Result<String, ScenarioError> {
        if ip.get_ref().parse::<Ipv4Addr>().is_ok() {
            return Ok(ip.get_ref().clone());
        }
        Err(self.error(ip, format!("{member} has to be an IPv4 address")))
    }

    /// The times are seconds after the simulator's start; they become dates when it is known.
    pub(super) fn events(
        &self,
        events: &[file::Event],
        world: &mut World,
    ) -> Result<(), ScenarioError> {
        for (idx, event) in events.iter().enumerate() {
            if !EVENT_TYPES.contains(&event.kind.get_ref().as_str()) {
                let message = format!("an event is one of {}", EVENT_TYPES.join(", "));
                return Err(self.error(&event.kind, message));
            }
            world.events.pending.push(Event {
                id: format!("FA4E0000-0007-4000-8000-{idx:012X}"),
                kind: event.kind.get_ref().clone(),
                is_started: false,
                not_before: event.in_seconds.into(),
                description: event.description.clone(),
                is_by_user: event.by_user,
                duration_secs: event.duration_seconds.unwrap_or(-1).into(),
            });
        }
        world.events.incarnation = 1;
        Ok(())
    }
}

/// Such events IMDS announces.
pub(crate) const EVENT_TYPES: [&str; 5] = ["Freeze", "Reboot", "Redeploy", "Preempt", "Terminate"];

const DEFAULT_MAC: &str = "000D3AFA4E01";
const DEFAULT_PREFIX: u8 = 24;
const DEFAULT_PRIVATE_IP: &str = "10.0.0.4";
const DEFAULT_SUBNET: &str = "10.0.0.0";
const DEFAULT_VM_SIZE: &str = "Standard_D2s_v5";
