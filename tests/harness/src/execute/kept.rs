//! The records of one buffer, from when a case begins to listen.
//!
//! Promises: each record is compared once, in the order in which it came. Leaves out: what the bytes mean.

use super::{PATIENCE, checks};
use crate::{plan::Parts, values::Variables};
use pbpf_loader::{Loaded, Record, Records};
use std::{collections::VecDeque, time::Duration};

/// The most bytes that a perf buffer adds behind a record.
const PADDING: usize = 7;

/// A buffer, and what came of it.
pub(super) struct Kept {
    map: String,
    reader: Records,
    waiting: VecDeque<Record>,
}

impl Kept {
    pub(super) fn new(loaded: &Loaded, map: &str) -> Result<Self, String> {
        let reader = checks::find(loaded, map)?.records().map_err(|e| e.to_string())?;
        Ok(Self { map: map.to_owned(), reader, waiting: VecDeque::new() })
    }

    fn poll(&mut self, patience: Duration) -> Result<(), String> {
        let waiting = &mut self.waiting;
        self.reader.poll(patience, |record| waiting.push_back(record)).map_err(|e| e.to_string())?;
        Ok(())
    }

    /// The next record has these bytes; without bytes, there is none.
    pub(super) fn next_is(&mut self, wanted: Option<&Parts>, variables: &Variables) -> Result<(), String> {
        if self.waiting.is_empty() {
            // A record that must not come is waited for as well, but not for long.
            self.poll(if wanted.is_some() { PATIENCE } else { PATIENCE / 10 })?;
        }
        let what = format!("the next record of `{}`", self.map);
        let next = self.waiting.pop_front();
        let (Some(wanted), Some(record)) = (wanted, &next) else {
            return match (wanted, next) {
                (None, None) => Ok(()),
                (Some(_), _) => Err(format!("{what} did not come")),
                (None, Some(record)) => Err(format!("{what} came: {:02x?}", record.bytes)),
            };
        };
        let wanted = checks::laid_out(&what, wanted, record.bytes.len(), variables)?;
        let padding = if record.cpu.is_some() { PADDING } else { 0 };
        if record.bytes.starts_with(&wanted) && record.bytes.len() - wanted.len() <= padding {
            return Ok(());
        }
        Err(format!("{what} is {:02x?}, expected {wanted:02x?}", record.bytes))
    }
}
