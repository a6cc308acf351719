//! A plan: what to do with one object on one kernel, and what must be seen.
//!
//! Promises: a plan is data (JSON), so the host and the init of a VM run the very same one; steps run from top to bottom and the
//! first that fails ends the plan. Leaves out: doing it, which is `execute`.

use crate::values::{Operator, Scalar};
use pbpf_core::rows::EndedRow;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// All that is done with one object on one kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the case, for messages.
    pub case: String,
    /// The object file, as the process that runs the plan sees it.
    pub object: PathBuf,
    /// Global variables set before loading, by name, as text.
    pub globals: Vec<(String, String)>,
    /// Whether programs are bound to a device before they are loaded: one end of a veth pair, where they then attach.
    pub bound: bool,
    /// Where the kernel shows that it has ended callbacks.
    #[serde(default)]
    pub ended: Option<EndedRow>,
    /// What the kernel must have for any of it to be done, in the words of the loader's `Feature::parse`.
    pub needs: Vec<String>,
    /// What the kernel must say to the object.
    pub verdict: Verdict,
    /// What is done after loading.
    pub steps: Vec<Step>,
    /// The plan must fail, saying this: it tries the harness, not a compiler.
    pub fails: Option<String>,
}

/// How long a plan may take beside its loads; a VM is emulated.
const LIMIT: Duration = Duration::from_secs(60);

impl Plan {
    /// How long it may take.
    pub fn limit(&self) -> Duration {
        let loads = self.steps.iter().map(|step| match &step.action {
            Action::Workload { work: Work::Wake(_, ms) | Work::Share(_, ms) | Work::Spin(_, ms), .. } => *ms,
            _ => 0,
        });
        LIMIT + Duration::from_millis(loads.map(u64::from).sum())
    }
}

/// What the kernel must say to an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every program is accepted, and libbpf warns of nothing.
    Accept,
    /// At least one program is refused.
    Refuse {
        /// The verifier's log must contain one of these: its words differ between kernels.
        texts: Vec<String>,
        /// The lines of the source that the diagnostics must name; empty: any.
        lines: Vec<u32>,
    },
}

/// One action, and the line of the case that asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Line of the case, from 1.
    pub line: u32,
    /// What is done.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Another action that may fail at first: what it looks at happens behind the case's back.
    Soon(Box<Action>),
    /// The steps from here on need this of the kernel; where it is missing they are not run.
    Needs(String),
    /// `BPF_PROG_TEST_RUN` of one program on each input.
    Run(RunTest),
    /// Attach every program and register every struct_ops map.
    Attach(Place),
    /// Detach everything.
    Detach,
    /// Make something happen, and wait for its end.
    Workload {
        /// What happens.
        work: Work,
        /// What its count must be, if the case says so.
        count: Option<Comparison>,
    },
    /// What the programs printed with `bpf_printk` while they ran for the plan's own processes.
    /// The iterators that are attached write this text.
    Reads(String),
    /// A line that programs print.
    Prints {
        /// What a line must contain; `$pid`, `$ppid` and `$comm` are replaced.
        text: String,
        /// How many lines must contain it; `None`: at least one.
        times: Option<u32>,
        /// Whether lines of every process count.
        anyone: bool,
    },
    /// An entry of a map.
    Map(MapCheck),
    /// Store an entry in a map, as user space does.
    Put {
        /// Name of the map.
        map: String,
        /// The key, in parts as in [`MapCheck`].
        key: Parts,
        /// The value, in the same form.
        value: Parts,
    },
    /// The kernel has ended the callbacks by itself, and its log, or what that means, says this.
    Ended(String),
    /// From here on the records of a ring buffer or perf buffer are kept.
    Listen(String),
    /// The next record that was kept.
    Record {
        /// Name of the map.
        map: String,
        /// Its first bytes; behind them only what a perf buffer pads with. `None`: there is no further record.
        bytes: Option<Parts>,
    },
    /// An AF_XDP socket of this process, at the first queue of the device with the programs, is stored in a map.
    Receive {
        /// Name of the map.
        map: String,
        /// The key, in parts as in [`MapCheck`].
        key: Parts,
    },
    /// The next frame that came to that socket; `None`: none comes.
    Received(Option<Vec<u8>>),
    /// The number of entries of a map.
    MapLength {
        /// Name of the map.
        map: String,
        /// What the number must be.
        expect: Comparison,
    },
    /// A global variable of the object.
    Global {
        /// Name of the variable.
        name: String,
        /// What it must be.
        expect: Comparison,
    },
    /// The number of instructions of one program in the object.
    Instructions {
        /// Name of the program.
        program: String,
        /// What the number must be.
        expect: Comparison,
    },
    /// The text of a file, without the white space around it.
    File {
        /// Its path.
        path: String,
        /// The text.
        text: String,
        /// Whether it only has to be in there.
        within: bool,
    },
}

/// A comparison with the thing that was seen on the left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The operator.
    pub operator: Operator,
    /// The right side.
    pub value: Scalar,
}

/// A test run of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTest {
    /// Name of the program's function.
    pub program: String,
    /// What it is run on, one after the other.
    pub inputs: Vec<RunInput>,
    /// What it must return each time.
    pub returns: Comparison,
    /// What the packet must be afterwards.
    pub packet_after: Option<Vec<u8>>,
    /// What bytes of the context must be afterwards.
    pub context_after: Vec<(usize, usize, Comparison)>,
}

/// The input of one test run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunInput {
    /// Names the input in messages; empty where there is one only.
    pub label: String,
    /// The packet.
    pub packet: Option<Vec<u8>>,
    /// The context structure.
    pub context: Option<Vec<u8>>,
}

/// Where programs that need a network device are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// No program of the object needs one.
    Nowhere,
    /// The loopback device.
    Loopback,
    /// One end of a veth pair: two network namespaces of the plan's own, 10.77.0.1 here with the programs, 10.77.0.2 there
    /// with the workloads.
    Veth,
    /// The same, in the driver-independent mode: a veth device sends back only to a peer that runs programs itself.
    VethGeneric,
    /// A control group of the plan's own, which the workloads join.
    Cgroup,
    /// A network namespace of the plan's own.
    NetNamespace,
    /// A UDP socket of this process at 127.0.0.1:7790, whose address others may share.
    Socket,
    /// A clock of each processor, 99 times a second.
    Clock,
    /// The hook of netfilter where IPv4 packets come in for this machine, in a network namespace of the plan's own.
    LocalIn,
}

/// What a workload does, in a process of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// `execve` this many times in one process.
    Exec(u32),
    /// Make a file of this name in a folder of its own, and unlink it.
    Unlink(String),
    /// Open a file that does not exist, this many times.
    Open(u32),
    /// The system call of this name without arguments, this many times.
    Syscall(String, u32),
    /// Sleep for this many milliseconds.
    Sleep(u32),
    /// Keep this many threads busy for so many milliseconds.
    Spin(u32, u32),
    /// This many pairs of threads wake each other for so many milliseconds; counts the wake-ups.
    Wake(u32, u32),
    /// With this nice value keep the first processor busy for so many milliseconds; counts the rounds.
    Busy(i32, u32),
    /// Two processes compete for the first processor for so many milliseconds; counts the percent of the one with more weight.
    Share(Rivals, u32),
    /// This many ICMP echo requests; counts the replies.
    Ping(String, u32),
    /// This many UDP datagrams to an address and port; counts those that could be sent.
    Udp(String, u32),
    /// This many datagrams to a UDP socket of its own on the address and port; counts those that arrived.
    UdpEcho(String, u32),
    /// Send a frame from the other end of the veth pair; with an answer, wait for that frame to come. Counts what was sent, or what came.
    Frame(Vec<u8>, Option<Vec<u8>>),
    /// This many TCP connections to an address and port; counts those that were taken or refused, and not left without an answer.
    Tcp(String, u32),
    /// Datagrams and connections between sockets of its own, of IPv4 (4), IPv6 (6) or named by files (0); counts the calls that succeeded.
    Sockets(u32),
    /// Say this many lines to a server of its own over TCP, which says each again.
    TcpEcho(u32),
    /// Pass a static probe of this process, `pbpf:passed`, and call its function `pbpf_traced`, this many times.
    Probe(u32),
}

/// What makes one of two processes weigh more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rivals {
    /// Nice values 0 and 10.
    Nice,
    /// Control groups with weights 1000 and 100.
    Groups,
}

/// A key or a value: one number as wide as all of it, or parts with widths in bytes.
pub type Parts = Vec<(Scalar, Option<usize>)>;

/// What an entry of a map must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapCheck {
    /// Name of the map.
    pub map: String,
    /// The key.
    pub key: Parts,
    /// The member of the value that is looked at; `None`: all of it.
    pub field: Option<String>,
    /// The bytes of the value that are looked at (start, end); `None`: all.
    pub bytes: Option<(usize, usize)>,
    /// What they must be; `None`: the key must be absent.
    pub expect: Option<Comparison>,
}
