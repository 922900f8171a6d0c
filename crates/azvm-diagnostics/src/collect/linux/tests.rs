//! Folders that stand in for the root of a machine.

use super::*;
use crate::known::Address;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Made anew for one test, and gone with it.
struct Root(PathBuf);

impl Root {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("azvm-root-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn with(self, file: &str, text: &str) -> Self {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// The files of `tests/data/linux`.
    fn azure(test: &str) -> Self {
        let root = Self::new(test);
        AZURE
            .iter()
            .fold(root, |root, (file, text)| root.with(file, text))
    }

    fn facts(&self) -> LinuxFacts {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(collect(&self.0, None))
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n   \
    0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18041 1\n";

const AZURE: [(&str, &str); 10] = [
    (
        "proc/modules",
        "hv_netvsc 114688 0 - Live 0x0000000000000000\n",
    ),
    (
        "proc/net/route",
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
         eth0\t00000000\t0104000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
         eth0\t0004000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n\
         eth0\tFEA9FEA9\t0104000A\t0007\t0\t0\t100\tFFFFFFFF\t0\t0\t0\n",
    ),
    ("proc/net/tcp", TCP),
    ("proc/sys/kernel/osrelease", "6.8.0-1021-azure\n"),
    ("proc/uptime", "350.42 1300.11\n"),
    ("proc/1/cgroup", "0::/init.scope\n"),
    ("sys/class/net/eth0/type", "1\n"),
    ("sys/class/net/eth0/address", "00:0d:3a:12:34:56\n"),
    ("sys/class/net/eth0/device/vendor", "0x1414\n"),
    ("sys/class/net/lo/type", "772\n"),
];

#[test]
#[cfg(target_endian = "little")]
fn an_azure_machine_is_read() {
    let root = Root::azure("azure").with("sys/class/net/bonding_masters", "");
    let facts = root.facts();
    let route = facts.imds_route().unwrap();
    assert_eq!((route.interface.as_str(), route.prefix), ("eth0", 32));
    assert_eq!(
        route.gateway,
        Some(Address::from(Ipv4Addr::new(10, 0, 4, 1)))
    );
    assert_eq!(facts.default_route().unwrap().interface, "eth0");
    let interfaces = facts.interfaces.as_ref().unwrap();
    assert_eq!(interfaces.len(), 2);
    let eth0 = facts.interface("eth0").unwrap();
    assert_eq!(eth0.mac.as_deref(), Some("00:0d:3a:12:34:56"));
    assert!(eth0.is_hardware && !eth0.is_tunnel);
    assert!(!facts.interface("lo").unwrap().is_hardware);
    assert_eq!(facts.uptime, Ok(Duration::from_secs(350)));
    assert_eq!(facts.container, Ok(vec![]));
    assert_eq!(facts.listeners, Ok(vec![]));
    let nots = [facts.is_wsl, facts.arc_agent, facts.guest_agent];
    assert_eq!(nots, [Ok(false); 3]);
    assert_eq!(facts.proxy_files, Ok(vec![]));
    assert_eq!(facts.leases, Ok(vec![]));
    // Of a kernel that has not loaded the filter nothing is asked.
    assert_eq!(facts.redirections, Err(Unknown::Absent));
    assert_eq!(facts.filter_rules, Err(Unknown::Absent));
    assert_eq!(facts.arc_tokens, Err(Unknown::Absent));
    assert_eq!(facts.source_address, Err(Unknown::NotAsked));
}

#[test]
fn leases_are_read_of_whatever_client_there_is() {
    let networkd = (
        "run/systemd/netif/leases/2",
        "NETMASK=255.255.255.0\nADDRESS=10.0.0.4\n",
    );
    let index = ("sys/class/net/eth0/ifindex", "2\n");
    let manager = (
        "var/lib/NetworkManager/internal-5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03-eth0.lease",
        "# This is private data. Do not parse.\nADDRESS=10.0.0.4\n",
    );
    let dhclient = (
        "var/lib/dhcp/dhclient.eth0.leases",
        "lease {\n  interface \"eth0\";\n  fixed-address 10.0.0.4;\n}\n",
    );
    let on_red_hat = ("var/lib/dhclient/dhclient.leases", dhclient.1);
    for (name, files) in [
        ("networkd", &[networkd, index][..]),
        ("manager", &[manager]),
        ("dhclient", &[dhclient]),
        ("red-hat", &[on_red_hat]),
    ] {
        let root = Root::azure(&format!("lease-{name}"));
        let root = files
            .iter()
            .fold(root, |root, (file, text)| root.with(file, text));
        let facts = root.facts();
        let leased: Vec<String> = facts.leased("eth0").map(ToString::to_string).collect();
        assert_eq!(leased, ["10.0.0.4"], "{name}");
        assert_eq!(facts.leased("eth1").count(), 0);
    }
    // Of an interface that is gone.
    let stale = Root::azure("lease-stale").with(networkd.0, networkd.1);
    assert_eq!(stale.facts().leases, Ok(vec![]));
}

#[test]
fn agents_listeners_tunnels_and_proxies_are_seen() {
    let listening = TCP.replace(":0016", ":0C08");
    let root = Root::azure("agents")
        .with("opt/azcmagent/bin/himds", "")
        .with("usr/sbin/azure-proxy-agent", "")
        .with("proc/net/tcp6", &listening)
        .with("sys/class/net/tun0/type", "65534\n")
        .with("sys/class/net/tun0/tun_flags", "0x1001\n")
        .with("sys/class/net/wg0/uevent", "DEVTYPE=wireguard\n")
        .with("etc/environment", "PATH=/bin\n")
        .with(
            "etc/profile.d/proxy.sh",
            "export http_proxy=http://u:s3cr3t@p:1\n",
        );
    let facts = root.facts();
    assert_eq!((facts.arc_agent, facts.guest_agent), (Ok(true), Ok(true)));
    assert_eq!(
        (facts.listens(3080), facts.listens(2579)),
        (Ok(true), Ok(false))
    );
    for name in ["tun0", "wg0"] {
        assert!(facts.interface(name).unwrap().is_tunnel, "{name}");
    }
    let files = facts.proxy_files.as_ref().unwrap();
    assert_eq!(files[0].file, "/etc/profile.d/proxy.sh");
    assert_eq!(files[0].host, "p:1");
}

#[test]
fn containers_are_told_from_machines() {
    for (file, text, mark) in [
        (".dockerenv", "", ContainerMark::DockerFile),
        ("run/.containerenv", "", ContainerMark::PodmanFile),
        (
            "var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
            "",
            ContainerMark::ServiceAccount,
        ),
        (
            "proc/1/cgroup",
            "0::/kubepods/besteffort/x\n",
            ContainerMark::PodGroup,
        ),
        (
            "proc/1/cgroup",
            "12:pids:/docker/0a1b\n",
            ContainerMark::EngineGroup,
        ),
    ] {
        let facts = Root::azure(&format!("container-{mark:?}"))
            .with(file, text)
            .facts();
        assert_eq!(facts.container, Ok(vec![mark]), "{file}");
    }
    let wsl = Root::azure("wsl").with(
        "proc/sys/kernel/osrelease",
        "5.15.90.1-microsoft-standard-WSL2",
    );
    assert_eq!(wsl.facts().is_wsl, Ok(true));
}

#[test]
fn what_is_missing_or_odd_is_unknown_and_never_no() {
    let facts = Root::new("empty").facts();
    assert_eq!(facts.interfaces, Err(Unknown::Absent));
    assert_eq!(facts.routes, Err(Unknown::Absent));
    assert_eq!(facts.listeners, Err(Unknown::Absent));
    assert_eq!(facts.is_wsl, Err(Unknown::Absent));
    assert_eq!(facts.uptime, Err(Unknown::Absent));
    assert_eq!(facts.listens(3080), Err(Unknown::Absent));
    let odd = Root::azure("odd")
        .with("proc/net/route", "head\neth0\n")
        .with("proc/net/tcp", "head\nx\n")
        .with("proc/uptime", "soon")
        .facts();
    assert_eq!(odd.routes, Err(Unknown::Unreadable));
    assert_eq!(odd.listeners, Err(Unknown::Unreadable));
    assert_eq!(odd.uptime, Err(Unknown::Unreadable));
}

/// Root may read everything, so there it proves nothing.
#[test]
fn a_folder_without_a_right_is_denied() {
    let root = Root::azure("denied").with("opt/azcmagent/bin/himds", "");
    let root = root.with("var/opt/azcmagent/tokens/1.key", "");
    let tokens = root.0.join("var/opt/azcmagent/tokens");
    fs::set_permissions(&tokens, fs::Permissions::from_mode(0o000)).unwrap();
    let folder = root.0.join("opt/azcmagent");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = fs::read_dir(&folder).is_ok();
    let facts = root.facts();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(&tokens, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(facts.arc_tokens, Ok(is_root));
    assert_eq!(
        facts.arc_agent,
        if is_root {
            Ok(true)
        } else {
            Err(Unknown::Denied)
        }
    );
    assert_eq!(facts.denied().contains(&"arc_agent"), !is_root);
}

fn in_no_time<T: Send + 'static>(
    read: impl FnOnce(&Path) -> Known<T> + Send + 'static,
) -> Known<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(Reader::start(Path::new("/"), read).end())
}

/// The reader ends when the test drops its sender; the clock jumps to the deadline before that.
#[test]
fn a_reader_that_hangs_is_left_behind() {
    let (end, hangs) = std::sync::mpsc::channel::<()>();
    let fact = in_no_time(move |_| {
        let _ = hangs.recv();
        Ok(())
    });
    assert_eq!(fact, Err(Unknown::TimedOut));
    drop(end);
}

#[test]
fn a_reader_that_panics_costs_one_fact() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let fact = runtime.block_on(async {
        Reader::<()>::start(Path::new("/"), |_| panic!("on purpose"))
            .end()
            .await
    });
    assert_eq!(fact, Err(Unknown::Crashed));
}
