//! Damaged BTF: every question on thousands of mutated files ends, and none panics.
//!
//! Promises the same mutations in each run (a fixed generator), and others with another `PBPF_SEED` (`make soak`). Leaves out what the answers are: only that they come.

use super::super::*;
use super::{elf, sample};
use std::io::Write as _;

/// xorshift64*, seeded by the caller.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Asks everything there is to ask, of every `stride`th type.
fn ask_everything(btf: &Btf, stride: usize) {
    let _: Result<(), BtfError> = btf.check();
    let ids = (0..=btf.len() + 1).step_by(stride).map(TypeId).chain([TypeId::INVALID]);
    for id in ids {
        btf.name(id);
        btf.size_of(id);
        btf.spell(id);
        btf.decl_tags(id);
        btf.enumerators(id).for_each(drop);
        if let Some(member) = btf.members(id).last() {
            btf.member(id, member.name);
        }
        match btf.get(id) {
            Type::Struct(record) | Type::Union(record) => {
                assert_eq!(record.members().count(), record.len());
            }
            Type::Enum(item) => assert_eq!(item.variants().count(), item.len()),
            Type::FuncProto(proto) => assert_eq!(proto.params().count(), proto.len()),
            Type::Func(function) => assert_eq!(function.proto.params().count(), function.proto.len()),
            Type::DataSec(section) => section.vars().for_each(drop),
            _ => {}
        }
    }
    let kinds = [
        Kind::Int,
        Kind::Struct,
        Kind::Union,
        Kind::Enum,
        Kind::Typedef,
        Kind::Func,
        Kind::Var,
        Kind::DataSec,
    ];
    for kind in kinds {
        for name in ["task", "task_struct", "int", "pid_t", "do_it", "runqueues"] {
            btf.find(name, kind);
        }
        if let Some((name, id)) = btf.names(kind).last() {
            assert!(btf.find(name, kind).is_none_or(|first| first <= id));
        }
    }
    btf.function("do_it");
    btf.enumerator("GONE");
    btf.record_names().for_each(drop);
    btf.enumerator_names().for_each(drop);
}

/// Changes one to eight places, often words to values that hurt, and sometimes cuts the end off.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(8) {
        // Half of the changes hit the header and the first types, on which everything else hangs.
        let span = if random.below(2) == 0 { bytes.len().min(256) } else { bytes.len() };
        let at = random.below(span);
        match random.below(4) {
            0 => bytes[at] = random.next() as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => {
                let at = at & !3;
                let hurtful = [0, 1, 0x7f, 0xffff, 0x00ff_ffff, 0x7fff_ffff, 0x8000_0000, u32::MAX];
                let word = hurtful[random.below(hurtful.len())].to_le_bytes();
                bytes.iter_mut().skip(at).zip(word).for_each(|(byte, new)| *byte = new);
            }
            _ => {
                // Another kind or another length for what is there.
                let at = at & !3;
                let info = (random.below(32) as u32) << 24 | random.below(6) as u32;
                bytes.iter_mut().skip(at).zip(info.to_le_bytes()).for_each(|(byte, new)| *byte = new);
            }
        }
    }
    if random.below(10) == 0 {
        bytes.truncate(random.below(bytes.len()));
    }
}

fn torture(good: &[u8], rounds: u32, stride: usize, seed: u64) -> u32 {
    let other = std::env::var("PBPF_SEED").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    // A generator of this kind stays at 0 for ever.
    let mut random = Random((seed ^ other.rotate_left(32)).max(1));
    let mut opened = 0;
    for _ in 0..rounds {
        let mut bytes = good.to_vec();
        mutate(&mut bytes, &mut random);
        if let Ok(btf) = Btf::new(Arc::new(bytes)) {
            opened += 1;
            ask_everything(&btf, stride);
        }
    }
    opened
}

#[test]
fn mutated_sample() {
    let opened = torture(&sample().bytes(), 20_000, 1, 0x00c0_ffee);
    assert!(opened > 5_000, "only {opened} mutations passed the header: the test tests too little");
}

#[test]
fn mutated_elf() {
    assert!(torture(&elf(&sample().bytes()), 5_000, 1, 0xe1f) > 500);
}

#[test]
fn every_truncation() {
    let good = sample().bytes();
    for len in 0..good.len() {
        assert!(Btf::new(Arc::new(good[..len].to_vec())).is_err(), "{len}");
    }
    // The same with a header that agrees, so that the types end early instead.
    let types = u32::from_le_bytes([good[12], good[13], good[14], good[15]]);
    for len in 0..types {
        let mut bytes = good.clone();
        bytes[12..16].copy_from_slice(&len.to_le_bytes());
        ask_everything(&Btf::new(Arc::new(bytes)).expect("a shorter type section is within the bytes"), 1);
    }
}

/// The first types and strings of the running kernel, where there is one with BTF.
#[test]
fn mutated_kernel() {
    let path = "/sys/kernel/btf/vmlinux";
    let Ok(whole) = std::fs::read(path) else {
        // Past the test runner's capture, so that a skip is seen.
        let line = format!("SKIPPED mutated_kernel: {path} cannot be read\n");
        return std::io::stderr().write_all(line.as_bytes()).unwrap();
    };
    let word =
        |at: usize| u32::from_le_bytes([whole[at], whole[at + 1], whole[at + 2], whole[at + 3]]) as usize;
    let (header, types, strings) = (word(4), word(8), word(16));
    let (types_len, strings_len) = (word(12).min(40_000), word(20).min(40_000));
    let mut small = vec![0x9f, 0xeb, 1, 0];
    for value in [24, 0, types_len, types_len, strings_len] {
        small.extend_from_slice(&(value as u32).to_le_bytes());
    }
    small.extend_from_slice(&whole[header + types..][..types_len]);
    small.extend_from_slice(&whole[header + strings..][..strings_len - 1]);
    small.push(0);
    let opened = torture(&small, 3_000, 7, 0xb7f);
    assert!(opened > 1_000, "only {opened} mutations passed the header: the test tests too little");
}
