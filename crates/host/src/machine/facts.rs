//! The pages that every system can fill.

use super::own;
use proto::machine::{
    Disk, Fact, FactLine, Facts, Hardware, Interface, Overview, Process, ProcessName, Rows, Temperature, Topic,
};
use proto::text::Text;
use std::ffi::OsString;
use std::thread;
use std::time::Duration;
use sysinfo::{
    Components, Disks, Networks, ProcessRefreshKind, ProcessesToUpdate, System, ThreadKind, UpdateKind, Users,
};

/// How long is looked at how busy something is.
const BUSY_OVER: Duration = Duration::from_millis(500);

/// Where an interface leads.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) is_connected: Option<bool>,
    pub(super) speed_mbits: u32,
    pub(super) gateways: Vec<String>,
}

/// Reads one page; `None` where this system does not tell.
pub(super) fn read(topic: Topic) -> Option<Facts> {
    match topic {
        Topic::Overview => Some(Facts::Overview(overview())),
        Topic::Hardware => hardware().map(Facts::Hardware),
        Topic::Disks => disks().map(Facts::Disks),
        Topic::Network => network().map(Facts::Network),
        Topic::Processes => processes().map(Facts::Processes),
        Topic::Packages => own::packages(),
        Topic::Events => own::events(),
    }
}

/// One line, safe to show, as long as may be.
pub(super) fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    // First cut, so that what is never shown is not looked through either.
    Text::truncated(Text::<MAX>::truncated(text).shown().trim())
}

fn permille(percent: f32) -> u32 {
    // A conversion of floats saturates, and makes nothing of what is no number.
    (percent * 10.0).round() as u32
}

fn own_user(users: &Users) -> String {
    let mut system = System::new().ok();
    let process = sysinfo::get_current_pid().ok().and_then(|pid| {
        let system = system.as_mut()?;
        let which = ProcessRefreshKind::nothing().without_tasks().with_user(UpdateKind::Always);
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, which);
        system.process(pid)
    });
    let user = process.and_then(|process| process.user_id()).and_then(|id| users.get_user_by_id(id));
    user.map(|user| user.name().to_owned()).unwrap_or_default()
}

fn overview() -> Overview {
    Overview {
        host: text(&System::host_name().unwrap_or_default()),
        system: text(&crate::system_name()),
        kernel: text(&System::kernel_version().unwrap_or_default()),
        architecture: text(&System::cpu_arch()),
        uptime_s: System::uptime().unwrap_or_default(),
        user: text(&Users::new_with_refreshed_list().map(|users| own_user(&users)).unwrap_or_default()),
        desktop: text(&own::desktop()),
    }
}

fn hardware() -> Option<Hardware> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    system.refresh_cpu_all();
    thread::park_timeout(BUSY_OVER);
    system.refresh_cpu_usage();
    let temperatures = Components::new_with_refreshed_list().map(|components| temperatures(&components));
    Some(Hardware {
        model: text(&own::model()),
        cpu: text(system.cpus().first().map(sysinfo::Cpu::brand).unwrap_or_default()),
        cpus: u32::try_from(system.cpus().len()).unwrap_or(u32::MAX),
        cpu_permille: permille(system.global_cpu_usage()),
        memory_bytes: system.total_memory(),
        memory_used_bytes: system.used_memory(),
        swap_bytes: system.total_swap(),
        swap_used_bytes: system.used_swap(),
        batteries: Rows::first_of(own::batteries()),
        temperatures: Rows::first_of(temperatures.unwrap_or_default()),
    })
}

fn temperatures(components: &Components) -> Vec<Temperature> {
    let measured = components.iter().filter_map(|component| {
        let degrees = component.temperature().filter(|degrees| degrees.is_finite())?;
        Some(Temperature { name: text(component.label()), tenths_c: (degrees * 10.0).round() as i32 })
    });
    let mut measured: Vec<_> = measured.collect();
    measured.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
    measured
}

fn disks<const MAX: usize>() -> Option<Rows<Disk, MAX>> {
    let disks = Disks::new_with_refreshed_list().ok()?;
    let disks = disks.iter().map(|disk| Disk {
        mount: text(&disk.mount_point().to_string_lossy()),
        device: text(&disk.name().to_string_lossy()),
        file_system: text(&disk.file_system().to_string_lossy()),
        size_bytes: disk.total_space(),
        free_bytes: disk.available_space(),
        is_removable: disk.is_removable(),
    });
    let mut disks: Vec<_> = disks.collect();
    disks.sort_by(|one, other| one.mount.as_str().cmp(other.mount.as_str()));
    Some(Rows::first_of(disks))
}

fn network<const MAX: usize>() -> Option<Rows<Interface, MAX>> {
    let networks = Networks::new_with_refreshed_list().ok()?;
    let (name_servers, routes) = (own::name_servers(), own::Routes::read());
    let interfaces = networks.iter().map(|(name, data)| {
        let Way { is_connected, speed_mbits, gateways } = routes.way(&name.to_string_lossy());
        let asks = if gateways.is_empty() { &[] } else { name_servers.as_slice() };
        let name_servers = Rows::first_of(asks.iter().map(|server| text(server)).collect());
        let mut addresses: Vec<Fact> = data.ip_networks().iter().map(|address| text(&address.to_string())).collect();
        addresses.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        let hardware = data.mac_address();
        let is_known = hardware != sysinfo::MacAddr::UNSPECIFIED;
        Interface {
            name: text(&name.to_string_lossy()),
            hardware_address: if is_known { text(&hardware.to_string()) } else { Fact::default() },
            addresses: Rows::first_of(addresses),
            received_bytes: data.total_received(),
            sent_bytes: data.total_transmitted(),
            is_connected,
            speed_mbits,
            gateways: Rows::first_of(gateways.iter().map(|gateway| text(gateway)).collect()),
            name_servers,
        }
    });
    let mut interfaces: Vec<_> = interfaces.collect();
    interfaces.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
    Some(Rows::first_of(interfaces))
}

fn processes<const MAX: usize>() -> Option<Rows<Process, MAX>> {
    let mut system = System::new().ok()?;
    let users = Users::new_with_refreshed_list().ok()?;
    let which = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_cpu()
        .with_memory()
        .with_user(UpdateKind::OnlyIfNotSet)
        .with_cmd(UpdateKind::OnlyIfNotSet);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, which);
    thread::park_timeout(BUSY_OVER);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, which);
    let own_pid = sysinfo::get_current_pid().ok()?;
    let own_user = system.process(own_pid).and_then(|own| own.user_id().cloned());
    // Threads are not programs, and what the kernel does for itself is nobody's to end.
    let running = system.processes().values().filter(|process| process.thread_kind() != Some(ThreadKind::Userland));
    let running = running.filter(|process| process.thread_kind() != Some(ThreadKind::Kernel));
    let mut running: Vec<Process> = running
        .map(|process| {
            let user = process.user_id().and_then(|id| users.get_user_by_id(id));
            let pid = process.pid().as_u32();
            let is_ours = own_user.is_some() && process.user_id() == own_user.as_ref();
            Process {
                pid,
                parent: process.parent().map_or(0, sysinfo::Pid::as_u32),
                name: name(&process.name().to_string_lossy()),
                user: text(user.map(sysinfo::User::name).unwrap_or_default()),
                cpu_permille: permille(process.cpu_usage()),
                memory_bytes: process.memory(),
                started_s: process.start_time(),
                command: command(process.cmd()),
                can_end: own::can_end(pid, is_ours),
            }
        })
        .collect();
    running.sort_by_key(|process| process.pid);
    Some(Rows::first_of(running))
}

/// A program's name as it is told and asked for.
pub(super) fn name(name: &str) -> ProcessName {
    text(name)
}

/// The beginning of a command line.
fn command(words: &[OsString]) -> FactLine {
    let mut line = String::new();
    for word in words {
        if line.len() > proto::limits::FACT_LINE_BYTES {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word.to_string_lossy());
    }
    text(&line)
}
