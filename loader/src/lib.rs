//! Loads BPF objects into the kernel, attaches and test-runs them, and reads what comes back: maps, buffers,
//! the trace pipe and the verifier's log.
//!
//! Promises: nothing is printed and no environment variable is read (libbpf itself looks at `PATH` and
//! `LD_LIBRARY_PATH` for a uprobe whose section names a binary without a slash); what libbpf says is captured
//! and handed over; dropping what a call returned undoes the call. Links into a static binary as well: libbpf
//! is vendored, libelf and zlib come from the system (`-C target-feature=+crt-static` takes their `.a`
//! files).
//! Leaves out: compiling, and knowing program types: what a type means is in its row.
//!
//! ```no_run
//! use pbpf_loader::{Object, OpenOptions, TestRun};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let loaded = Object::open("prog.bpf.o", &OpenOptions::default())?.load()?;
//! let attached = loaded.attach_all(&[], None)?;
//! for map in loaded.maps().iter().filter(|map| map.has_values()) {
//!     for (key, value) in map.entries()? {
//!         println!("{}[{key}] = {value}", map.name());
//!     }
//! }
//! let result = loaded.programs()[0].test_run(&TestRun::packet([0; 64]))?;
//! println!("returned {}", result.value);
//! # drop(attached);
//! # Ok(())
//! # }
//! ```

pub mod features;
pub mod layout;
pub mod verifier_log;
mod watch;

mod attach;
mod classify;
mod diagnostic;
mod errno;
mod error;
mod initial;
mod layout_btf;
mod line_info;
mod load;
mod loaded;
mod map;
mod message;
mod object;
mod places;
mod program;
mod records;
mod sections;
mod test_run;
mod trace_pipe;
mod traffic_control;
mod value;

pub use attach::{Attached, Link, Target};
pub use diagnostic::{load_diagnostic, refusal_diagnostic};
pub use errno::Errno;
pub use error::{AttachError, LoadError, MapError, OpenError, Refused};
pub use initial::SetError;
pub use layout::Layout;
pub use load::Verdict;
pub use loaded::Loaded;
pub use map::{Map, Update};
pub use message::{Level, Message};
pub use object::{LogDetail, MapEntry, Object, OpenOptions, ProgramEntry, Programs};
pub use places::Hook;
pub use program::{Program, ProgramReport};
pub use records::{Record, Records};
pub use sections::{SectionType, section_names, section_type};
pub use test_run::{TestResult, TestRun, TestRunError};
pub use trace_pipe::{TraceError, TraceLine, TracePipe};
pub use value::Value;
pub use watch::{Shown, Watch};
