//! Helpers by their kernel names.
//!
//! Promises: those that need only the program's memory, its maps and the environment's answers are here; any other is
//! asked of the environment. Leaves out: whether the program type may call them.

use super::exec::number;
use super::format::format;
use super::maps::{CPUS, Store};
use super::{Environment, FUNC_BASE, FaultKind, MAP_BASE, Machine, Run, STEP};
use crate::entity::Entity;
use crate::mir::{FuncId, MapId, Region};

const E2BIG: i64 = -7;
const EFAULT: i64 = -14;
const EINVAL: i64 = -22;
const ENOENT: i64 = -2;

/// How often `bpf_loop` may call back.
pub(super) const MAX_LOOPS: u64 = 1 << 23;

impl<E: Environment> Machine<'_, E> {
    pub(super) fn store_of(&mut self, map: MapId) -> Result<&mut Store, FaultKind> {
        self.maps.get_mut(map).ok_or_else(|| FaultKind::Invalid(format!("{map} does not exist")))
    }

    /// The processor, as far as per-CPU maps have it.
    fn cpu(&mut self) -> u32 {
        self.environment.cpu() % CPUS as u32
    }

    pub(super) fn lookup(&mut self, map: MapId, key: &[u8]) -> Run<u64> {
        let cpu = self.cpu();
        let Some(store) = self.maps.get_mut(map) else { return Ok(0) };
        Ok(store.lookup(&mut self.memory, key, cpu)?)
    }

    pub(super) fn update(&mut self, map: MapId, key: &[u8], value: &[u8], flags: u64) -> Run<u64> {
        let cpu = self.cpu();
        let Some(store) = self.maps.get_mut(map) else { return Ok(EINVAL as u64) };
        Ok(store.update(&mut self.memory, key, value, flags, cpu)? as u64)
    }

    /// Prints a line; the arguments are numbers and addresses.
    pub(super) fn print(&mut self, text: &[u8], args: &[u64]) -> u64 {
        let mut args = args.iter().copied();
        let line = format(text, &self.memory, || args.next().unwrap_or(0));
        let line = line.strip_suffix('\n').map_or(line.clone(), str::to_owned);
        let len = line.len() as u64;
        self.printed.push(line);
        len
    }

    /// The map whose address a helper is given.
    fn map_at(&self, address: u64) -> Result<MapId, FaultKind> {
        let id =
            address.checked_sub(MAP_BASE).filter(|d| d % STEP == 0).map(|d| MapId::new((d / STEP) as usize));
        id.filter(|id| self.maps.get(*id).is_some())
            .ok_or_else(|| FaultKind::BadArgument("a helper is given no map".to_owned()))
    }

    fn function_at(&self, address: u64) -> Result<FuncId, FaultKind> {
        let id = address
            .checked_sub(FUNC_BASE)
            .filter(|d| d % STEP == 0)
            .map(|d| FuncId::new((d / STEP) as usize));
        id.filter(|id| self.module.functions.get(*id).is_some())
            .ok_or_else(|| FaultKind::BadArgument("a helper is given no function".to_owned()))
    }

    fn key_at(&mut self, map: MapId, address: u64) -> Run<Vec<u8>> {
        let size = u64::from(self.store_of(map)?.key_size);
        Ok(self.memory.read(address, size)?)
    }

    pub(super) fn helper(&mut self, name: &str, args: &[u64]) -> Run<u64> {
        let arg = |n: usize| args.get(n).copied().unwrap_or(0);
        Ok(match name {
            "bpf_map_lookup_elem" => {
                let map = self.map_at(arg(0))?;
                let key = self.key_at(map, arg(1))?;
                self.lookup(map, &key)?
            }
            "bpf_map_lookup_percpu_elem" => {
                let map = self.map_at(arg(0))?;
                let key = self.key_at(map, arg(1))?;
                let Some(store) = self.maps.get_mut(map) else { return Ok(0) };
                store.lookup(&mut self.memory, &key, arg(2) as u32)?
            }
            "bpf_map_update_elem" => {
                let map = self.map_at(arg(0))?;
                let key = self.key_at(map, arg(1))?;
                let size = u64::from(self.store_of(map)?.value_size);
                let value = self.memory.read(arg(2), size)?;
                self.update(map, &key, &value, arg(3))?
            }
            "bpf_map_delete_elem" => {
                let map = self.map_at(arg(0))?;
                let key = self.key_at(map, arg(1))?;
                self.store_of(map)?.delete(&key) as u64
            }
            "bpf_map_push_elem" => {
                let map = self.map_at(arg(0))?;
                let size = u64::from(self.store_of(map)?.value_size);
                let value = self.memory.read(arg(1), size)?;
                self.store_of(map)?.push(value, arg(2)) as u64
            }
            "bpf_map_pop_elem" | "bpf_map_peek_elem" => {
                let map = self.map_at(arg(0))?;
                let store = self.store_of(map)?;
                let found = store.pop(name == "bpf_map_peek_elem");
                // The kernel clears the destination where there is nothing.
                let value = found.clone().unwrap_or_else(|| vec![0; store.value_size as usize]);
                self.memory.write(arg(1), &value)?;
                if found.is_some() { 0 } else { ENOENT as u64 }
            }
            "bpf_for_each_map_elem" => self.for_each(arg(0), arg(1), arg(2))?,
            "bpf_loop" => self.repeat(arg(0), arg(1), arg(2))?,
            "bpf_ringbuf_output" => self.output(arg(0), arg(1), arg(2), true)?,
            "bpf_perf_event_output" => self.output(arg(1), arg(3), arg(4), false)?,
            "bpf_ringbuf_reserve" => {
                let map = self.map_at(arg(0))?;
                let Some(store) = self.maps.get_mut(map) else { return Ok(0) };
                store.reserve(&mut self.memory, arg(1))?
            }
            "bpf_ringbuf_submit" | "bpf_ringbuf_discard" => {
                let submit = name == "bpf_ringbuf_submit";
                let memory = &mut self.memory;
                if !self.maps.values_mut().any(|store| store.finish(memory, arg(0), submit)) {
                    let message = format!("`{name}` is given no reserved record");
                    return Err(FaultKind::BadArgument(message).into());
                }
                0
            }
            "bpf_ktime_get_ns"
            | "bpf_ktime_get_boot_ns"
            | "bpf_ktime_get_coarse_ns"
            | "bpf_ktime_get_tai_ns" => self.environment.ktime_ns(),
            "bpf_jiffies64" => self.environment.ktime_ns() / 4_000_000,
            "bpf_get_current_pid_tgid" => self.environment.pid_tgid(),
            "bpf_get_current_uid_gid" => self.environment.uid_gid(),
            "bpf_get_current_cgroup_id" => self.environment.cgroup_id(),
            "bpf_get_smp_processor_id" => u64::from(self.environment.cpu()),
            "bpf_get_numa_node_id" => 0,
            "bpf_get_prandom_u32" => u64::from(self.environment.random()),
            "bpf_get_current_task" | "bpf_get_current_task_btf" => {
                self.environment.current_task(&mut self.memory)
            }
            "bpf_get_current_comm" => {
                let mut comm = self.environment.comm();
                comm.truncate((arg(1) as usize).saturating_sub(1).min(15));
                self.sized(arg(0), arg(1))?;
                comm.resize(arg(1) as usize, 0);
                self.memory.write(arg(0), &comm)?;
                0
            }
            "bpf_trace_printk" => {
                let text = self.memory.read(arg(0), arg(1))?;
                let text = text.split(|b| *b == 0).next().unwrap_or_default().to_vec();
                self.print(&text, args.get(2..).unwrap_or_default())
            }
            "bpf_trace_vprintk" | "bpf_snprintf" => self.print_from_array(name, args)?,
            "bpf_probe_read" | "bpf_probe_read_kernel" | "bpf_probe_read_user" => {
                self.sized(arg(0), arg(1))?;
                let found = self.probe(name, arg(2), arg(1));
                let result = if found.is_some() { 0 } else { EFAULT as u64 };
                let bytes = found.unwrap_or_else(|| vec![0; arg(1) as usize]);
                self.memory.write(arg(0), &bytes)?;
                result
            }
            "bpf_probe_read_str" | "bpf_probe_read_kernel_str" | "bpf_probe_read_user_str" => {
                self.probe_text(name, arg(0), arg(1), arg(2))?
            }
            "bpf_strncmp" => {
                let (a, b) =
                    (self.memory.text(arg(0), arg(1) as usize), self.memory.text(arg(2), arg(1) as usize));
                match a.cmp(&b) {
                    std::cmp::Ordering::Less => -1i64 as u64,
                    std::cmp::Ordering::Equal => 0,
                    std::cmp::Ordering::Greater => 1,
                }
            }
            // Nothing else runs, so nothing is to be kept out.
            "bpf_spin_lock" | "bpf_spin_unlock" => 0,
            // There is nothing to call, as if the index were empty.
            "bpf_tail_call" => ENOENT as u64,
            _ => {
                let found = self.environment.helper(name, args, &mut self.memory);
                found.ok_or_else(|| FaultKind::UnknownHelper(name.to_owned()))?
            }
        })
    }

    /// A destination must hold that many bytes before they are made.
    fn sized(&self, address: u64, len: u64) -> Result<(), FaultKind> {
        let stack = self.memory.check(Region::Stack, address, len);
        match stack {
            Err(FaultKind::WrongRegion { .. }) | Ok(()) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Reads kernel or user memory; none where it faults.
    fn probe(&self, name: &str, address: u64, len: u64) -> Option<Vec<u8>> {
        let user = self.memory.check(Region::User, address, len).is_ok();
        // `bpf_probe_read` takes both.
        let wanted = if name.contains("user") { user } else { name == "bpf_probe_read" || !user };
        if wanted { self.memory.read(address, len).ok() } else { None }
    }

    fn probe_text(&mut self, name: &str, dst: u64, size: u64, src: u64) -> Run<u64> {
        self.sized(dst, size)?;
        if size == 0 {
            return Ok(0);
        }
        let Some(_) = self.probe(name, src, 1) else {
            self.memory.write(dst, &vec![0; size as usize])?;
            return Ok(EFAULT as u64);
        };
        let mut text = self.memory.text(src, size as usize - 1);
        text.push(0);
        self.memory.write(dst, &text)?;
        Ok(text.len() as u64)
    }

    fn output(&mut self, map: u64, data: u64, len: u64, bounded: bool) -> Run<u64> {
        let map = self.map_at(map)?;
        let bytes = self.memory.read(data, len)?;
        let Some(store) = self.maps.get_mut(map) else { return Ok(EINVAL as u64) };
        Ok(store.output(&self.memory, bytes, bounded) as u64)
    }

    /// `bpf_trace_vprintk(fmt, size, data, len)` and `bpf_snprintf(out, size, fmt, data, len)`.
    fn print_from_array(&mut self, name: &str, args: &[u64]) -> Run<u64> {
        let [a, b, c, d, ..] = *args else {
            return Err(FaultKind::BadArgument(format!("`{name}` takes more arguments")).into());
        };
        let is_print = name == "bpf_trace_vprintk";
        let (data, len) = if is_print { (c, d) } else { (d, args.get(4).copied().unwrap_or(0)) };
        let words: Vec<u64> = match len {
            0 => Vec::new(),
            _ => self.memory.read(data, len)?.chunks(8).map(number).collect(),
        };
        if is_print {
            let text = self.memory.read(a, b)?;
            let text = text.split(|b| *b == 0).next().unwrap_or_default().to_vec();
            return Ok(self.print(&text, &words));
        }
        let fmt = self.memory.text(c, 4096);
        let mut words = words.into_iter();
        let text = format(&fmt, &self.memory, || words.next().unwrap_or(0));
        let full = text.len() as u64 + 1;
        let mut bytes = text.into_bytes();
        bytes.truncate((b as usize).saturating_sub(1));
        if b > 0 {
            bytes.push(0);
            self.memory.write(a, &bytes)?;
        }
        Ok(full)
    }

    /// Calls back until it gives 1; gives how often it called.
    fn repeat(&mut self, count: u64, callback: u64, data: u64) -> Run<u64> {
        let count = u64::from(count as u32);
        if count > MAX_LOOPS {
            return Ok(E2BIG as u64);
        }
        let callback = self.function_at(callback)?;
        for index in 0..count {
            let args = self.fitting(callback, vec![index, data])?;
            if self.invoke(callback, args)?.unwrap_or(0) == 1 {
                return Ok(index + 1);
            }
        }
        Ok(count)
    }

    /// The key at a position, in the order in which they are gone through here.
    pub(super) fn key_of(&mut self, map: MapId, position: u64) -> Run<Option<Vec<u8>>> {
        Ok(self.store_of(map)?.keys().into_iter().nth(position as usize))
    }

    fn for_each(&mut self, map_address: u64, callback: u64, data: u64) -> Run<u64> {
        let map = self.map_at(map_address)?;
        let callback = self.function_at(callback)?;
        let mut called = 0;
        for key in self.store_of(map)?.keys() {
            let value = self.lookup(map, &key)?;
            if value == 0 {
                continue;
            }
            called += 1;
            let at = self.memory.add(Region::Stack, "a key", key)?;
            let args = self.fitting(callback, vec![map_address, at, value, data])?;
            let result = self.invoke(callback, args);
            self.memory.remove(at);
            if result?.unwrap_or(0) == 1 {
                break;
            }
        }
        Ok(called)
    }

    /// As many arguments as the callback takes: the kernel passes all, and the callback need not look.
    fn fitting(&self, callback: FuncId, mut args: Vec<u64>) -> Result<Vec<u64>, FaultKind> {
        let takes = self.module.functions.get(callback).map_or(0, |f| f.params.len());
        if takes > args.len() {
            return Err(FaultKind::BadArgument(format!(
                "a callback takes {takes} arguments and gets {}",
                args.len()
            )));
        }
        args.truncate(takes);
        Ok(args)
    }
}
