//! What the programs must do, written a second time, from what the protocols say, over a packet as a slice.
//!
//! Promises: every checksum is summed anew, where the programs mend it. Leaves out: time, and what the maps of user space hold:
//! that is the tests'.

use crate::packets::{NAMES, SERVICE, pseudo, sum};
use std::ops::Range;

pub(crate) const DROP: u32 = 1;
pub(crate) const PASS: u32 = 2;
pub(crate) const TX: u32 = 3;

/// A packet that is read; what is not there ends the model, as it ends the program.
struct Reader<'p>(&'p [u8]);

impl Reader<'_> {
    fn byte(&self, at: usize) -> Option<usize> {
        self.0.get(at).map(|b| usize::from(*b))
    }

    fn word(&self, at: usize) -> Option<usize> {
        Some(self.byte(at)? << 8 | self.byte(at + 1)?)
    }
}

/// What must come of a packet.
pub(crate) struct Expected {
    pub(crate) verdict: u32,
    pub(crate) packet: Vec<u8>,
    /// A checksum that cannot be predicted, because the packet came with a wrong one.
    pub(crate) loose: Vec<Range<usize>>,
}

impl Expected {
    fn new(verdict: u32, packet: &[u8]) -> Self {
        Self { verdict, packet: packet.to_vec(), loose: Vec::new() }
    }
}

const EXTENSIONS: [usize; 5] = [0, 43, 44, 51, 60];

/// What the parser counts a packet as; `None` where it drops it.
pub(crate) fn kind(packet: &[u8]) -> Option<(u16, u8, u8)> {
    let p = Reader(packet);
    let (mut ether, mut at, mut tags) = (p.word(12)?, 14, 0);
    while tags < 2 && [0x8100, 0x88a8].contains(&ether) {
        (ether, at, tags) = (p.word(at + 2)?, at + 4, tags + 1);
    }
    let (mut protocol, mut first) = (0, true);
    if ether == 0x800 {
        let length = p.byte(at)?.checked_sub(0x45).filter(|options| *options < 11)? * 4 + 20;
        protocol = p.byte(at + 9)?;
        first = p.word(at + 6)? % 0x2000 == 0;
        at += length;
    } else if ether == 0x86dd {
        if p.byte(at)? >> 4 != 6 {
            return None;
        }
        (protocol, at) = (p.byte(at + 6)?, at + 40);
        let mut headers = 0;
        while first && EXTENSIONS.contains(&protocol) {
            headers += 1;
            let length = match protocol {
                _ if headers > 6 => return None,
                44 => 8,
                51 => p.byte(at + 1)? * 4 + 8,
                _ => p.byte(at + 1)? * 8 + 8,
            };
            first = protocol != 44 || p.word(at + 2)? >> 3 == 0;
            protocol = p.byte(at)?;
            at += length;
            packet.get(..at)?;
        }
    }
    let sound = match protocol {
        6 if first => p.byte(at + 12)? >> 4 >= 5,
        17 if first => p.word(at + 4)? >= 8,
        _ => true,
    };
    sound.then_some((ether as u16, protocol as u8, tags))
}

fn is_valid(pieces: &[&[u8]]) -> bool {
    sum(pieces) == 0xffff
}

pub(crate) fn echo(packet: &[u8]) -> Expected {
    let stack = Expected::new(PASS, packet);
    let Some(head) = packet.get(..42) else { return stack };
    let fragment = u16::from_be_bytes([head[20], head[21]]) & 0x3fff;
    if head[12..15] != [8, 0, 0x45] || fragment != 0 || head[23] != 1 || head[34..36] != [8, 0] {
        return stack;
    }
    if packet[0] & 1 == 1 {
        return Expected::new(DROP, packet);
    }
    let mut out = Expected::new(TX, packet);
    let p = &mut out.packet;
    p[..6].copy_from_slice(&packet[6..12]);
    p[6..12].copy_from_slice(&packet[..6]);
    p[26..30].copy_from_slice(&packet[30..34]);
    p[30..34].copy_from_slice(&packet[26..30]);
    (p[22], p[34]) = (64, 0);
    for (part, check) in [(14..34, 24), (34..packet.len(), 36)] {
        p[check..check + 2].fill(0);
        let value = !sum(&[&p[part.clone()]]);
        p[check..check + 2].copy_from_slice(&value.to_be_bytes());
        if !is_valid(&[&packet[part]]) {
            out.loose.push(check..check + 2);
        }
    }
    out
}

/// The last steps of MurmurHash3 for 32 bits.
fn fmix32(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ h >> 16
}

/// Maglev's table (Eisenbud and others, NSDI 2016, section 3.4): each server takes the next free slot of its own order.
pub(crate) fn maglev(servers: u32, slots: u32) -> Vec<u32> {
    let mut next = vec![0; servers as usize];
    let mut table = vec![None; slots as usize];
    let mut filled = 0;
    loop {
        for server in 0..servers {
            let (offset, skip) = (fmix32(server + 1) % slots, fmix32(!server) % (slots - 1) + 1);
            loop {
                let slot = (offset + next[server as usize] * skip) % slots;
                next[server as usize] += 1;
                if table[slot as usize].is_none() {
                    table[slot as usize] = Some(server);
                    break;
                }
            }
            filled += 1;
            if filled == slots {
                return table.into_iter().flatten().collect();
            }
        }
    }
}

pub(crate) const BALANCER: [u8; 4] = [10, 0, 0, 9];

/// Address and link address of a server.
pub(crate) fn server(number: u32) -> ([u8; 4], [u8; 6]) {
    ([192, 168, 0, number as u8 + 1], [2, 0, 0, 0, 9, number as u8])
}

/// The service is TCP and UDP at port 80; `table` has a server for each hash.
pub(crate) fn balance(packet: &[u8], table: &[u32]) -> Expected {
    let stack = Expected::new(PASS, packet);
    let Some(head) = packet.get(..24) else { return stack };
    if head[12..14] != [8, 0] || ![6, 17].contains(&head[23]) {
        return stack;
    }
    if head[14] & 15 != 5 || u16::from_be_bytes([head[20], head[21]]) & 0x3fff != 0 {
        return Expected::new(DROP, packet);
    }
    let Some(head) = packet.get(..38) else { return stack };
    if head[30..34] != SERVICE || head[36..38] != [0, 80] {
        return stack;
    }
    let source = u32::from_le_bytes([head[26], head[27], head[28], head[29]]);
    let ports = u32::from_le_bytes([head[34], head[35], head[36], head[37]]);
    let slot = fmix32(fmix32(source) ^ ports) % table.len() as u32;
    let (address, link) = server(table[slot as usize]);
    let length = u16::from_be_bytes([head[16], head[17]]).wrapping_add(20);
    let mut outer = vec![0x45, head[15]];
    outer.extend(length.to_be_bytes());
    outer.extend([0, 0, 0, 0, 64, 4, 0, 0]);
    outer.extend([BALANCER, address].concat());
    let check = !sum(&[&outer]);
    outer[10..12].copy_from_slice(&check.to_be_bytes());
    Expected::new(TX, &[&link[..], &packet[..6], &[8, 0], &outer, &packet[14..]].concat())
}

pub(crate) const TARGET6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

pub(crate) fn nat46(packet: &[u8]) -> Expected {
    let stack = Expected::new(PASS, packet);
    let Some(head) = packet.get(..34) else { return stack };
    let length = usize::from(head[14] & 15) * 4;
    if head[12..14] != [8, 0]
        || head[14] >> 4 != 4
        || length < 20
        || head[23] != 17
        || head[30..34] != SERVICE
    {
        return stack;
    }
    if u16::from_be_bytes([head[20], head[21]]) & 0x3fff != 0 {
        return Expected::new(DROP, packet);
    }
    let udp = 14 + length;
    let Some(check) = packet.get(udp + 6..udp + 8).filter(|_| head[22] > 1) else { return stack };
    let payload = i32::from(u16::from_be_bytes([head[16], head[17]])) - length as i32;
    if check == [0, 0] || payload < 8 {
        return Expected::new(DROP, packet);
    }
    let mut source = vec![0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    source.extend(&packet[26..30]);
    let class = u32::from(head[15]) << 20 | 6 << 28;
    let mut out = [&packet[6..12], &packet[..6], &[0x86, 0xdd]].concat();
    out.extend(class.to_be_bytes());
    out.extend((payload as u16).to_be_bytes());
    out.extend([17, head[22] - 1]);
    out.extend(&source);
    out.extend(TARGET6);
    out.extend(&packet[udp..]);
    let mut expected = Expected::new(TX, &out);
    let whole = usize::from(u16::from_be_bytes([packet[udp + 4], packet[udp + 5]]));
    let datagram = packet.get(udp..udp + whole).filter(|d| d.len() >= 8);
    match datagram.filter(|d| is_valid(&[&pseudo(&packet[26..30], &packet[30..34], whole, 17), d])) {
        Some(datagram) => {
            let mut datagram = datagram.to_vec();
            datagram[6..8].fill(0);
            let value = match !sum(&[&pseudo(&source, &TARGET6, whole, 17), &datagram]) {
                0 => 0xffff,
                value => value,
            };
            expected.packet[60..62].copy_from_slice(&value.to_be_bytes());
        }
        None => expected.loose.push(60..62),
    }
    expected
}

/// The verdict of the DNS filter; too short is `None`, and dropped.
pub(crate) fn dns(packet: &[u8]) -> Option<u32> {
    let p = Reader(packet);
    if p.word(12)? != 0x800 || p.byte(23)? != 17 || p.word(20)? & 0x1fff != 0 {
        return Some(PASS);
    }
    let udp = 14 + (p.byte(14)? & 15) * 4;
    if p.word(udp + 2)? != 53 {
        return Some(PASS);
    }
    if p.byte(udp + 10)? & 0x80 != 0 || p.word(udp + 12)? != 1 {
        return Some(DROP);
    }
    let (start, mut at) = (udp + 20, udp + 20);
    let mut labels = Vec::new();
    loop {
        // The byte that ends a name which the map can list is at most the 64th.
        let length = if at - start < 64 { p.byte(at)? } else { return Some(PASS) };
        if length == 0 {
            break;
        }
        if length > 63 {
            return Some(DROP);
        }
        let end = at + 1 + length;
        if end - start > 64 {
            packet.get(..start + 64)?;
            return Some(PASS);
        }
        labels.push(packet.get(at + 1..end)?.to_ascii_lowercase());
        at = end;
    }
    let name = labels.join(&b'.');
    Some(if NAMES.iter().any(|known| known.as_bytes() == name) { DROP } else { PASS })
}

/// The verdict of the filter of connection requests, below the threshold.
pub(crate) fn syn(packet: &[u8]) -> u32 {
    let p = Reader(packet);
    let header = || -> Option<usize> {
        let request = p.word(12)? == 0x800 && p.byte(23)? == 6 && p.word(20)? % 0x2000 == 0;
        let length = p.byte(14).filter(|_| request)? & 15;
        let tcp = 14 + length * 4;
        (length >= 5 && p.byte(tcp + 13)? & 0x12 == 2).then_some(tcp)
    };
    let Some(tcp) = header() else { return PASS };
    let length = usize::from(packet[tcp + 12] >> 4) * 4;
    let Some(mut options) = packet.get(tcp + 20..tcp + length) else { return DROP };
    let mut size = 0;
    while let [kind, rest @ ..] = options {
        options = match (kind, rest) {
            (0, _) => break,
            (1, _) => rest,
            (_, [length, ..]) if *length >= 2 && usize::from(*length) <= options.len() => {
                if let [2, 4, high, low, ..] = options {
                    size = u16::from_be_bytes([*high, *low]);
                }
                &options[usize::from(*length)..]
            }
            _ => return DROP,
        };
    }
    if size == 0 { DROP } else { PASS }
}
