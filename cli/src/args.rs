//! The command line.
//!
//! Promises: one table of options; options that several commands share are written once.
//! Leaves out: what the options do.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Compiles eBPF programs written in a subset of Python.
#[derive(Debug, Parser)]
#[command(
    name = "pbpf",
    version,
    about,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compile programs to object files, MIR, LLVM IR or assembly
    Build(BuildArgs),
    /// Check programs; needs no LLVM and no privileges
    Check(CheckArgs),
    /// Load programs or objects into the kernel, attach nothing, and tell what the verifier says
    Verify(VerifyArgs),
    /// Load and attach a program, and print what it prints until Ctrl-C
    Run(RunArgs),
    /// Run passes over MIR, or interpret it
    Opt(OptArgs),
    /// Print the pass graph
    Passes(PassesArgs),
    /// List, show, check or make plugins
    Plugin(PluginArgs),
    /// Explain a diagnostic code, a pass, a program type, a helper or a plugin
    Explain(ExplainArgs),
}

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum MessageFormat {
    /// With source excerpts
    #[default]
    Human,
    /// One line each
    Short,
    /// One JSON object a line, on standard output
    Json,
}

/// Options of all commands that look at programs.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Common {
    /// Read this configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Load this plugin, or all plugins of this folder
    #[arg(long = "plugin", value_name = "PATH")]
    pub(crate) plugins: Vec<PathBuf>,
    /// How diagnostics are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) message_format: MessageFormat,
}

/// Options of all commands that compile.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Compiling {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The kernel's types: a BTF file, or an ELF file with one
    #[arg(long, value_name = "FILE")]
    pub(crate) btf: Option<PathBuf>,
    /// The BPF instruction set: v1, v2, v3 or v4
    #[arg(long, value_name = "CPU")]
    pub(crate) cpu: Option<String>,
    /// The oldest kernel that must accept the object, such as 6.1
    #[arg(long, value_name = "VERSION")]
    pub(crate) target_kernel: Option<String>,
    /// The architecture of the kernel, such as x86_64
    #[arg(long, value_name = "ARCH")]
    pub(crate) arch: Option<String>,
    /// What arithmetic means: python or c; each file's imports decide otherwise
    #[arg(long, value_name = "MEANING")]
    pub(crate) arithmetic: Option<String>,
    /// What becomes of local variables that do not fit the stack: refuse or map
    #[arg(long, value_name = "WAY")]
    pub(crate) large_locals: Option<String>,
    /// What ring buffers become: ring or perf, which kernels before 5.8 have too
    #[arg(long, value_name = "KIND")]
    pub(crate) ring_buffers: Option<String>,
    /// Turn on a lint: arithmetic tells where the two meanings may differ
    #[arg(long = "lint", value_name = "LINT")]
    pub(crate) lints: Vec<String>,
    /// Tell what the compiler decided, and where
    #[arg(long)]
    pub(crate) explain_lowering: bool,
    /// Verify the program after each pass
    #[arg(long)]
    pub(crate) verify_each: bool,
    /// Print the program before this pass
    #[arg(long, value_name = "PASS")]
    pub(crate) print_before: Vec<String>,
    /// Print the program after this pass
    #[arg(long, value_name = "PASS")]
    pub(crate) print_after: Vec<String>,
    /// Print the program after each pass that changed it
    #[arg(long)]
    pub(crate) print_changed: bool,
    /// Tell how long each pass took
    #[arg(long)]
    pub(crate) time_passes: bool,
}

/// `pbpf build`.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// Sources; those of the configuration if there are none
    pub(crate) files: Vec<PathBuf>,
    /// Where the output goes, for one source and one kind; `-` is standard output
    #[arg(short, value_name = "FILE", conflicts_with = "out_dir")]
    pub(crate) output: Option<PathBuf>,
    /// The folder of the outputs
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Kinds of output: obj, asm, llvm, llvm-before, mir, hir, ast
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) emit: Vec<String>,
    /// How hard LLVM tries: O1, O2, O3, Os or Oz
    #[arg(long, value_name = "LEVEL")]
    pub(crate) opt_level: Option<String>,
    /// Keep DWARF in objects
    #[arg(long)]
    pub(crate) dwarf: bool,
    #[command(flatten)]
    pub(crate) compiling: Compiling,
}

/// `pbpf check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Sources
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) compiling: Compiling,
}

/// `pbpf verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Sources or object files
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Set a global variable before loading
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) compiling: Compiling,
}

/// `NAME=VALUE`.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// `pbpf run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A source or an object file
    pub(crate) file: PathBuf,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<f64>,
    /// The network interface for programs that need one
    #[arg(long, value_name = "NAME")]
    pub(crate) interface: Option<String>,
    /// The folder of the control group for programs that need one
    #[arg(long, value_name = "FOLDER")]
    pub(crate) cgroup: Option<PathBuf>,
    /// The file of the network namespace for programs that need one; pbpf's own if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) netns: Option<PathBuf>,
    /// How often a second the clocks run out for programs that sample
    #[arg(long, value_name = "HZ", default_value_t = 99)]
    pub(crate) frequency: u64,
    /// The hook of netfilter for programs that need one: `ipv4:local-in`, with `:N` behind it for a priority
    #[arg(long, value_name = "FAMILY:HOOK")]
    pub(crate) hook: Option<String>,
    /// Print the maps at the end
    #[arg(long)]
    pub(crate) maps: bool,
    /// Set a global variable before loading
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) compiling: Compiling,
}

/// `pbpf opt`.
#[derive(Debug, Args)]
pub(crate) struct OptArgs {
    /// MIR text; `-` is standard input
    pub(crate) file: PathBuf,
    /// The passes, in this order
    #[arg(long, value_name = "PASSES", value_delimiter = ',')]
    pub(crate) passes: Vec<String>,
    /// Where the output goes; standard output if not given
    #[arg(short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Interpret a function with these arguments, such as `f(1, 2)`, instead of printing
    #[arg(long, value_name = "CALL")]
    pub(crate) interpret: Option<String>,
    #[command(flatten)]
    pub(crate) compiling: Compiling,
}

/// The form of the pass graph.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum GraphFormat {
    /// A line a pass
    #[default]
    Text,
    /// Graphviz
    Dot,
    /// JSON
    Json,
}

/// `pbpf passes`.
#[derive(Debug, Args)]
pub(crate) struct PassesArgs {
    /// The form
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: GraphFormat,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `pbpf plugin`.
#[derive(Debug, Args)]
pub(crate) struct PluginArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: PluginCommand,
}

/// What to do with plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// List the plugins that are found
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Show what a plugin brings
    Show {
        /// The id
        id: String,
        #[command(flatten)]
        common: Common,
    },
    /// Check a plugin file, its code included
    Check {
        /// The file
        file: PathBuf,
        /// How diagnostics are written
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        message_format: MessageFormat,
    },
    /// Make a new plugin from a template
    New {
        /// The name, also of the folder
        name: String,
        /// The kind: rust, c, toml or python
        #[arg(long, default_value = "rust")]
        kind: String,
        /// The folder in which the plugin's folder is made
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
        /// The folder of the SDK, for kinds with code
        #[arg(long, value_name = "DIR")]
        sdk: Option<PathBuf>,
        /// How diagnostics are written
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        message_format: MessageFormat,
    },
}

/// `pbpf explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A diagnostic code, or the name of a pass, program type, helper or plugin
    pub(crate) what: String,
    #[command(flatten)]
    pub(crate) common: Common,
}
