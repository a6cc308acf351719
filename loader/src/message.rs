//! What libbpf says while it works.
//!
//! Promises: nothing of it reaches standard error; each call of this crate that can fail hands over the
//! messages of that call, and calls in other threads do not mix in. Messages outside such a call are dropped.
//! Leaves out: libbpf's debug level (hundreds of lines a load).

use libbpf_rs::{PrintLevel, set_print};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Once;

/// How libbpf rated a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something is wrong, or was skipped.
    Warning,
    /// Progress and notices.
    Info,
}

/// One message, without libbpf's `libbpf: ` prefix and without the line break at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How libbpf rated it.
    pub level: Level,
    /// The text; it may have several lines (the log of a rejected BTF).
    pub text: String,
}

impl Message {
    /// Whether something was lost: every warning, and the notice that the kernel rejected the object's BTF,
    /// which libbpf rates as information (`Error loading .BTF into kernel: -EINVAL. BTF is optional,
    /// ignoring.`) although function names, source lines, timers and spin locks vanish with it.
    pub fn is_warning(&self) -> bool {
        self.level == Level::Warning || self.text.contains("Error loading .BTF into kernel")
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

thread_local! {
    /// The buffers of the captures that run in this thread, the innermost last. libbpf calls its print
    /// function in the calling thread.
    static CAPTURES: RefCell<Vec<Vec<Message>>> = const { RefCell::new(Vec::new()) };
    static DETAILS: Cell<bool> = const { Cell::new(false) };
}

static INSTALL: Once = Once::new();

/// Runs `work` and returns what libbpf said meanwhile in this thread.
pub(crate) fn capture<T>(work: impl FnOnce() -> T) -> (T, Vec<Message>) {
    INSTALL.call_once(|| {
        set_print(Some((PrintLevel::Info, |level, text| record(level, &text))));
    });
    let depth = CAPTURES.with_borrow_mut(|captures| {
        captures.push(Vec::new());
        captures.len()
    });
    let value = work();
    // Truncating to the remembered depth drops buffers that a panic inside `work` (in a test) left behind.
    let messages = CAPTURES.with_borrow_mut(|captures| {
        captures.truncate(depth);
        captures.pop().unwrap_or_default()
    });
    (value, messages)
}

/// As [`capture`], with what libbpf says for debugging, which takes it time.
pub(crate) fn capture_details<T>(work: impl FnOnce() -> T) -> (T, Vec<Message>) {
    let listen = |least| set_print(Some((least, |level, text| record(level, &text))));
    capture(|| {
        listen(PrintLevel::Debug);
        DETAILS.set(true);
        let (value, messages) = capture(work);
        DETAILS.set(false);
        listen(PrintLevel::Info);
        (value, messages)
    })
    .0
}

/// libbpf's print function.
fn record(level: PrintLevel, text: &str) {
    if level == PrintLevel::Debug && !DETAILS.get() {
        return;
    }
    let level = match level {
        PrintLevel::Warn => Level::Warning,
        PrintLevel::Info | PrintLevel::Debug => Level::Info,
    };
    let text = text.strip_prefix("libbpf: ").unwrap_or(text).trim_end();
    if text.is_empty() {
        return;
    }
    CAPTURES.with_borrow_mut(|captures| {
        if let Some(innermost) = captures.last_mut() {
            innermost.push(Message { level, text: text.to_owned() });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(text: &str) {
        record(PrintLevel::Warn, &format!("libbpf: {text}\n"));
    }

    #[test]
    fn captures_nest_and_end() {
        let ((), outer) = capture(|| {
            say("one");
            let ((), inner) = capture(|| say("two"));
            assert_eq!(inner, [Message { level: Level::Warning, text: "two".into() }]);
            say("three");
        });
        assert_eq!(outer.iter().map(ToString::to_string).collect::<Vec<_>>(), ["one", "three"]);
        say("nobody listens");
        assert!(capture(|| ()).1.is_empty());
    }

    #[test]
    fn a_rejected_btf_is_a_warning_although_libbpf_says_info() {
        let text = "Error loading .BTF into kernel: -EINVAL. BTF is optional, ignoring.";
        assert!(Message { level: Level::Info, text: text.into() }.is_warning());
        assert!(!Message { level: Level::Info, text: "elf: skipping section".into() }.is_warning());
    }
}
