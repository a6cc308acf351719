//! Programs with known results, and one program for each fault.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use super::{Context, Deterministic, Environment, FaultKind, Input, Limits, Machine, Memory, Outcome, Place};
use crate::entity::Entity;
use crate::mir::{MapId, Module, Region, parse, print, verify};
use crate::source::{FileId, Span};

const ABSTRACT: &str = include_str!("../../../tests/mir/abstract.mir");
const PACKETS: &str = include_str!("../../../tests/mir/packets.mir");

fn module(text: &str) -> Module {
    let module = parse(text, FileId::new(0)).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
    assert_eq!(verify(&module), [], "{text}");
    module
}

fn packet_context() -> Context {
    let mut context = Context::new(24);
    for (name, offset, region) in [("data", 0, Region::Packet), ("data_end", 4, Region::PacketEnd)] {
        context.add_field(name, Place { region: Some(region), ..Place::new(offset, 32) });
    }
    context.args = vec![Place::new(8, 32), Place { signed: true, ..Place::new(12, 32) }];
    context.result = Some(Place::new(16, 64));
    context
}

fn run<E: Environment>(
    machine: &mut Machine<'_, E>,
    name: &str,
    input: &Input,
) -> Result<Outcome, FaultKind> {
    let func = machine.module.find_function(name).unwrap();
    machine.run(func, input).map_err(|f| f.kind)
}

#[test]
fn abstract_instructions() {
    let module = module(ABSTRACT);
    assert_eq!(print(&module), ABSTRACT);
    let mut machine = Machine::new(&module, Deterministic::default()).unwrap();
    let mut context = packet_context();
    context.put(context.args[1], -5i64 as u64);
    context.put(context.result.unwrap(), 1 << 40);
    let input = Input { context, packet: Some(vec![0; 60]) };
    let counts = MapId::new(0);
    // The first run stores 1 and gives 0 from the update; the second counts to 2.
    assert_eq!(run(&mut machine, "abstracted", &input).unwrap().value, Some((40i64).div_euclid(-3) - 1));
    assert_eq!(run(&mut machine, "abstracted", &input).unwrap().value, Some(-15));
    assert_eq!(machine.take_printed(), ["0 1099511627776 len 60", "2 1099511627776 len 60"]);
    assert_eq!(machine.map_keys(counts), [(-5i32).to_le_bytes().to_vec()]);
    assert_eq!(machine.map_get(counts, &(-5i32).to_le_bytes()).unwrap(), [2u64.to_le_bytes().to_vec()]);
    let total = module.find_global("total").unwrap();
    assert_eq!(machine.global(total).unwrap(), 44u64.to_le_bytes());
    // The map holds two keys; the third is refused with -E2BIG.
    for (key, wants) in [(1u32, 0), (2, -7)] {
        let put = machine.map_put(counts, &key.to_le_bytes(), &9u64.to_le_bytes());
        assert_eq!(put.unwrap(), wants);
    }
}

#[test]
fn loops_and_steps() {
    let module = module(ABSTRACT);
    let limits = Limits { steps: 10_000, ..Limits::default() };
    let mut machine = Machine::with_limits(&module, Deterministic::default(), limits).unwrap();
    let func = module.find_function("loops").unwrap();
    assert_eq!(machine.call(func, vec![10]).unwrap(), (Some(45), 2 + 1 + 11 * 2 + 10 * 5 + 1));
    let fault = machine.call(func, vec![1 << 30]).unwrap_err();
    assert_eq!(fault.kind, FaultKind::StepLimit);
    assert_eq!(fault.to_string(), "in `loops`: the step limit is reached");
    assert_eq!(machine.call(func, vec![0]).unwrap().0, Some(0));
}

#[test]
fn helpers_and_callbacks() {
    let module = module(ABSTRACT);
    let environment =
        Deterministic { comm: "a task with a long name".to_owned(), pid: 42, ..Default::default() };
    let mut machine = Machine::new(&module, environment).unwrap();
    let out = run(&mut machine, "helpers", &Input::default()).unwrap();
    // Eight calls back; the update of index 2 of 2 gives -E2BIG.
    assert_eq!(out.value, Some(8 - 7));
    assert_eq!(machine.take_printed(), ["a task with a l 42 28"]);
    assert_eq!(machine.take_records(MapId::new(2)), [b"a task with a l\0".to_vec()]);
    let each = machine.map_get(MapId::new(3), &[0; 4]).unwrap();
    assert_eq!(each.len(), 4);
    assert_eq!(each[0], 28u64.to_le_bytes());
    assert_eq!(each[1], [0; 8]);
    // Two records of 16 bytes fit 64 bytes of ring, with 8 bytes each in front; a third does not.
    for _ in 0..3 {
        run(&mut machine, "helpers", &Input::default()).unwrap();
    }
    assert_eq!(machine.take_records(MapId::new(2)).len(), 2);
}

#[test]
fn concrete_packets_of_every_length() {
    let module = module(PACKETS);
    let mut machine = Machine::new(&module, Deterministic::default()).unwrap();
    for len in 0..=64usize {
        let mut bytes = vec![0; len];
        for (at, value) in [(12, 8), (23, 17)] {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        let input = Input { context: packet_context(), packet: Some(bytes.clone()) };
        let out = run(&mut machine, "count", &input).unwrap();
        assert_eq!(out.value, Some(if len >= 34 { 1 } else { 2 }), "{len}");
        assert_eq!(out.packet.unwrap(), bytes);
    }
    let counts = machine.map_get(MapId::new(0), &17u32.to_le_bytes()).unwrap();
    assert_eq!(counts, [31u64.to_le_bytes().to_vec()]);
}

/// A function with a slot of eight bytes, a map, and these lines.
fn broken(lines: &str) -> Module {
    let text = format!(
        r#"mir 1
source "a.py"
type t10 = ptr.ctx void
type t11 = func() -> u64
type t12 = array u8 4
map map0 m kind hash 1 key u32 value u64 max_entries 1 @0..1
map map1 ring kind ringbuf 27 max_entries 4096 @0..1
global global0 fixed: u64 rodata = 1 @0..1
extern extern0 kfunc: t11
function fn0 main(ctx: t10) -> i64 program "s" "p:t" @0..1 {{
  slot0 s size 8 align 8
block0(v0: ptr.ctx):
  v1: i64 = iconst 16
  v2 = slot_addr slot0
  v3: i32 = iconst 1
  v4: ptr.map_value? = null
  v5 = map_addr map1
{lines}
}}
function fn1 deep(n: u64) -> i64 static @0..1 {{
block0(v0: i64):
  return v0
}}
"#
    );
    module(&text)
}

#[test]
fn each_fault_has_its_kind_and_place() {
    let at = "@77..88";
    for (lines, wants) in [
        ("v10: i64 = load v4 AT", "a null pointer is accessed"),
        ("v10 = refine v4 AT", "a null pointer is accessed"),
        ("v10: i64 = load v2 AT", "byte 0 of slot `s` is read and was never written"),
        ("store v2, v3\n  v10: i64 = load v2 AT", "byte 4 of slot `s` is read and was never written"),
        ("v11: i64 = ctx_load v0, x AT", "the context has no field `x`"),
        (
            "v10 = opaque v1\n v11 = ptr_add v2, v10\n store v11, v1 AT",
            "8 bytes at 16 of slot `s` are accessed, which has 8",
        ),
        (
            "v10 = opaque v1\n v11 = ptr_add v2, v10\n memset v11, 0, 4000000000 AT",
            "4000000000 bytes at 16 of slot `s` are accessed, which has 8",
        ),
        ("slot_live slot0\n slot_dead slot0\n store v2, v1 AT", "slot `s` is used where it is not live"),
        ("store v2, v1 AT\n slot_live slot0", "slot `s` is used where it is not live"),
        (
            "v10 = global_addr global0\n store v10, v1 AT",
            "global variable `fixed` is written, which is read-only",
        ),
        ("v10: ptr.packet = int_to_ptr v1\n v11: i8 = load v10 AT", "a null pointer is accessed"),
        (
            "v9 = ptr_to_int v2\n v10: ptr.packet = int_to_ptr v9\n v11: i8 = load v10 AT",
            "a pointer of region `packet` points to slot `s`",
        ),
        (
            "v8: i64 = iconst 4611686018427387904\n v10: ptr.mem = int_to_ptr v8\n v11: i8 = load v10 AT",
            "1 bytes at address 0x4000000000000000 are accessed, where nothing is",
        ),
        ("call_helper bpf_nosuch#999() AT", "helper `bpf_nosuch` is not known here"),
        ("call_helper bpf_map_lookup_elem#1(v2, v2) AT", "a helper is given no map"),
        ("call_helper bpf_ringbuf_submit#132(v2, v1) AT", "`bpf_ringbuf_submit` is given no reserved record"),
        ("call_helper bpf_loop#181(v1, v2, v2, v1) AT", "a helper is given no function"),
        ("call_kfunc extern0() AT", "kernel function `kfunc` is not known here"),
        ("v10: i64 = ctx_arg v0, 0 AT", "the context has no argument 0"),
        ("v10: i64 = ctx_return v0 AT", "the context has no result"),
        ("jump block1\nblock1:\n jump block1", "the step limit is reached"),
    ] {
        let lines = lines.replace("AT", at);
        let end = if lines.contains("jump") { "" } else { "\n  return v1" };
        let module = broken(&format!("  {lines}{end}"));
        let mut machine = Machine::new(&module, Deterministic::default()).unwrap();
        let fault = machine.run(module.find_function("main").unwrap(), &Input::default()).unwrap_err();
        assert_eq!(fault.kind.to_string(), wants, "{lines}");
        if lines.contains(at) {
            assert_eq!(fault.span, Span::new(FileId::new(0), 77, 88), "{lines}");
        }
    }
}

#[test]
fn a_record_must_not_be_kept() {
    let module = broken(
        "  v10: i64 = iconst 0\n  v11: ptr.mem? = call_helper bpf_ringbuf_reserve#131(v5, v1, v10)\n  return v1",
    );
    let mut machine = Machine::new(&module, Deterministic::default()).unwrap();
    let fault = run(&mut machine, "main", &Input::default()).unwrap_err();
    assert_eq!(fault, FaultKind::Leak("ring".to_owned()));
}

#[test]
fn memory_and_calls_are_bounded() {
    let module = broken("  return v1");
    let small = Limits { memory: 4, ..Limits::default() };
    assert_eq!(
        Machine::with_limits(&module, Deterministic::default(), small).unwrap_err(),
        FaultKind::MemoryLimit
    );
    let mut wide = module.clone();
    let main = wide.find_function("main").unwrap();
    wide.functions[main].slots.values_mut().for_each(|s| s.size = u32::MAX);
    let mut machine = Machine::new(&wide, Deterministic::default()).unwrap();
    assert_eq!(run(&mut machine, "main", &Input::default()).unwrap_err(), FaultKind::MemoryLimit);
    // The verifier refuses recursion; here it ends all the same.
    let mut deep = module.clone();
    let id = deep.find_function("deep").unwrap();
    let func = &mut deep.functions[id];
    let block = func.entry().unwrap();
    let value = func.blocks[block].params[0];
    let mut b = crate::mir::Builder::before(func, block, 0, Span::new(FileId::new(0), 0, 0));
    b.effect(crate::mir::Op::Call { callee: id, args: vec![value] });
    let mut machine = Machine::new(&deep, Deterministic::default()).unwrap();
    assert_eq!(machine.call(id, vec![1]).unwrap_err().kind, FaultKind::CallDepth);
}

#[test]
fn kernel_memory_reads_as_zero_where_nothing_is() {
    let module = broken(
        r#"  v10: ptr.kernel_untrusted = call_helper bpf_get_current_task#35()
  v11: i32 = load v10+4
  v12: i64 = zext v11
  v13: ptr.user = int_to_ptr v1
  v14: i64 = load v13
  v15 = add v12, v14
  slot_live slot0
  v16: i64 = iconst 8
  v17: i64 = call_helper bpf_probe_read_kernel#113(v2, v16, v10)
  v18: i64 = load v2
  v19: i64 = call_helper bpf_probe_read_user#112(v2, v16, v13)
  v20: i64 = load v2
  print "%d %ld %d %d", v17, v18, v19, v20
  return v15"#,
    );
    let environment = Deterministic { task: vec![1, 0, 0, 0, 2, 0, 0, 0], ..Default::default() };
    let mut machine = Machine::new(&module, environment).unwrap();
    assert_eq!(run(&mut machine, "main", &Input::default()).unwrap().value, Some(2));
    assert_eq!(machine.take_printed(), ["0 8589934593 -14 0"]);
    let mut machine = Machine::new(&module, Deterministic::default()).unwrap();
    assert_eq!(run(&mut machine, "main", &Input::default()).unwrap().value, Some(0));
    assert_eq!(machine.take_printed(), ["-14 0 -14 0"]);
}

#[test]
fn bitfields_of_the_kernel_keep_their_sign() {
    let module = crate::mir::parse(
        r#"mir 1
record r0 struct kernel task size 16 align 8 {
  low: u32 +8 bits 3
  high: s32 +8:3 bits 5 index 1
}
enum e0 state size 4 signed {
  ON = -5
}
function fn0 main() -> i64 static {
block0:
  v1: ptr.kernel_untrusted = call_helper bpf_get_current_task#35()
  v2: i64 = load_bits v1, r0.low
  v3: i64 = load_bits v1, r0.high
  v4 = enum_value e0.ON
  v5 = field_exists r0.high
  v6: i32 = load_bits v1, r0.high
  v7: i64 = sext v6
  print "%d %d %d %d %d", v2, v3, v4, v5, v7
  return v2
}
"#,
        FileId::new(0),
    )
    .unwrap();
    let task = vec![0, 0, 0, 0, 0, 0, 0, 0, 0b1010_1110, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let mut machine = Machine::new(&module, Deterministic { task, ..Default::default() }).unwrap();
    let id = module.find_function("main").unwrap();
    machine.call(id, vec![]).unwrap();
    assert_eq!(machine.take_printed(), ["6 -11 -5 1 -11"]);
}

/// An environment that knows one more helper and one kernel function.
#[derive(Default)]
struct More(Deterministic);

impl Environment for More {
    fn ktime_ns(&mut self) -> u64 {
        self.0.ktime_ns()
    }
    fn pid_tgid(&mut self) -> u64 {
        self.0.pid_tgid()
    }
    fn uid_gid(&mut self) -> u64 {
        self.0.uid_gid()
    }
    fn comm(&mut self) -> Vec<u8> {
        self.0.comm()
    }
    fn cpu(&mut self) -> u32 {
        self.0.cpu()
    }
    fn random(&mut self) -> u32 {
        self.0.random()
    }
    fn cgroup_id(&mut self) -> u64 {
        self.0.cgroup_id()
    }
    fn current_task(&mut self, memory: &mut Memory) -> u64 {
        self.0.current_task(memory)
    }
    fn helper(&mut self, name: &str, args: &[u64], memory: &mut Memory) -> Option<u64> {
        memory.write(args[0], &[5; 8]).ok()?;
        (name == "bpf_more").then_some(3)
    }
    fn kfunc(&mut self, name: &str, _args: &[u64], _memory: &mut Memory) -> Option<u64> {
        (name == "kfunc").then_some(4)
    }
}

#[test]
fn an_environment_adds_helpers() {
    let module = broken(
        "  v10: i64 = call_helper bpf_more#1(v2)\n  v11: i8 = load v2+7\n  v12: i64 = zext v11\n  v13: i64 = call_kfunc extern0()\n  v14 = mul v10, v12\n  v15 = mul v14, v13\n  return v15",
    );
    let mut machine = Machine::new(&module, More::default()).unwrap();
    assert_eq!(run(&mut machine, "main", &Input::default()).unwrap().value, Some(60));
}
