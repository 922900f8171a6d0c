//! A machine in namespaces of its own: its network, its files, its processes. All of it ends with the run, and nothing
//! of it is seen outside.

use crate::namespaces::namespaced;
use crate::support::{BINARY, Run};

/// The chassis asset tag of every Azure virtual machine.
pub(super) const AZURE_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

/// Where a stand-in for ARM listens on every machine here, so that what is wrong with IMDS is all that is wrong.
const ARM: &str = "127.0.0.1:8401";

const TENANT: &str = "7a1d0c5e-0000-4000-8000-0000000000a1";

/// A machine that is set up by commands of a shell, in their order, before the doctor runs on it.
pub(super) struct Machine {
    setup: Vec<String>,
    variables: Vec<String>,
    tools: Vec<&'static str>,
    flags: Vec<String>,
}

impl Machine {
    /// With Azure's mark in the firmware, an ARM, and no way to anything else.
    pub(super) fn azure() -> Self {
        let machine = Self {
            setup: vec![],
            variables: vec![],
            tools: vec!["ip", "python3"],
            flags: vec!["--arm-endpoint".into(), format!("http://{ARM}")],
        };
        machine
            .sh("ip link set lo up")
            .file("/sys/class/dmi/id/chassis_asset_tag", AZURE_ASSET_TAG)
            // A server that looks up its own name asks nobody for it.
            .file("/etc/hosts", "127.0.0.1 localhost\n169.254.169.254 imds")
            .answering(ARM, &unauthorized())
    }

    /// With a network card, an address, and a gateway that takes every packet and answers none.
    pub(super) fn with_card(self, name: &str, address: &str, gateway: &str) -> Self {
        self.with_link(name, address, gateway)
            .sh(&format!("mkdir -p /sys/class/net/{name}/device"))
    }

    /// As a card, but the kernel says that it is a tunnel.
    pub(super) fn with_tunnel(self, name: &str, address: &str, gateway: &str) -> Self {
        self.with_link(name, address, gateway)
            .file(&format!("/sys/class/net/{name}/tun_flags"), "0x1001")
    }

    /// Frames go to the other end of the wire, which throws away what is not for its own address.
    fn with_link(self, name: &str, address: &str, gateway: &str) -> Self {
        self.sh(&format!("ip link add {name} type veth peer name {name}w"))
            .sh(&format!("ip link set {name} up; ip link set {name}w up"))
            .sh(&format!("ip address add {address} dev {name}"))
            .sh(&format!(
                "ip neigh add {gateway} lladdr 02:00:00:00:00:fe dev {name} nud permanent"
            ))
            .file(&format!("/sys/class/net/{name}/type"), "1")
    }

    /// The cloud's own ARM is asked, whose name has these addresses.
    pub(super) fn with_arm_at(mut self, addresses: &[&str]) -> Self {
        self.flags.clear();
        addresses.iter().fold(self, |machine, address| {
            machine.sh(&format!("echo {address} management.azure.com >>/etc/hosts"))
        })
    }

    /// `ip route add ROUTE`.
    pub(super) fn with_route(self, route: &str) -> Self {
        self.sh(&format!("ip route add {route}"))
    }

    /// The address is the machine's own, and nobody listens on it.
    pub(super) fn owning(self, address: &str) -> Self {
        self.sh(&format!("ip address add {address} dev lo"))
    }

    /// Somebody answers every connection to `address` with these bytes, and nothing else.
    pub(super) fn answering(self, address: &str, reply: &str) -> Self {
        self.sh(&format!("python3 -c '{ANSWERER}' {address} '{reply}'"))
    }

    /// Somebody else's IMDS answers at port 80 of `address`, one of the machine's own.
    pub(super) fn with_imds(self, address: &str) -> Self {
        self.sh(&format!("python3 {STAND_IN} {address}:80 /dev/null &"))
            .sh(&format!("python3 -c '{WAITER}' {address}"))
    }

    /// With these lines in the packet filter.
    pub(super) fn filtering(mut self, rules: &str) -> Self {
        self.tools.push("nft");
        self.sh(&format!("nft -f - <<'END'\n{rules}\nEND"))
    }

    /// With a file of its own, in the place of whatever the real machine has there.
    pub(super) fn file(self, path: &str, text: &str) -> Self {
        let (folder, _) = path.rsplit_once('/').unwrap();
        self.sh(&format!("mkdir -p {folder}"))
            .sh(&format!("printf '%s\\n' '{text}' >{path}"))
    }

    pub(super) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push(format!("{name}={value}"));
        self
    }

    pub(super) fn sh(mut self, command: &str) -> Self {
        self.setup.push(command.into());
        self
    }

    /// The doctor on this machine, with `flags`; nothing, and a printed reason, where namespaces cannot be had.
    pub(super) fn examine(self, flags: &[&str]) -> Option<Run> {
        let tools = self.tools.join(" && command -v ");
        let probe = format!("{OWN_FILES} && command -v {tools} && ip link add type veth");
        let script = format!("set -eu\n{OWN_FILES}\nexec chroot . sh -c \"$@\"",);
        let mut command = namespaced(&probe, &script)?;
        command.arg(self.script()).arg("sh").args(self.variables);
        command.args([BINARY, "--format", "json"]).args(flags);
        command.args(&self.flags);
        Some(Run::of(&mut command))
    }

    fn script(&self) -> String {
        let setup = self.setup.join("\n");
        format!("set -eu\n{setup}\nexec env \"$@\"")
    }
}

/// The real machine's files, with what is written to them kept in memory. Without the kernel's own, and without the marks
/// of a container that the test itself may run in.
const OWN_FILES: &str = "mount -t tmpfs none /mnt \
    && mkdir /mnt/upper /mnt/work /mnt/machine \
    && mount -t overlay none -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/machine \
    && cd /mnt/machine && rm -rf .dockerenv run && mkdir run && mount -t proc none proc";

/// ARM's answer to a request without a token.
fn unauthorized() -> String {
    let body = r#"{"error":{"code":"AuthenticationFailed","message":"Authentication failed."}}"#;
    format!(
        "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         WWW-Authenticate: Bearer authorization_uri=\"https://login.windows.net/{TENANT}\"\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Ends once somebody listens, so that what comes next finds it.
const ANSWERER: &str = r#"
import os, socket, sys
host, port = sys.argv[1].split(":")
listener = socket.create_server((host, int(port)))
if os.fork():
    sys.exit()
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.sendall(sys.argv[2].encode())
    connection.close()
"#;

/// Ends once somebody listens at port 80.
const WAITER: &str = r#"
import socket, sys, time
for _ in range(100):
    try:
        socket.create_connection((sys.argv[1], 80), 1).close()
        break
    except OSError:
        time.sleep(0.05)
"#;

const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand_in/imds.py");
